import OTLP
import Platform
public import TraceFormats

/// Where attributes of some names are in traces, and of which types: what tells why a query found nothing.
public struct AttributeCensus {
  /// What is known of one attribute in one scope.
  struct Seen {
    /// How many spans, resources, events, … carry it; nil when it is only known that some do.
    var count: Int?
    /// How many of them by the type of the value, in the words of the language.
    var types: [String: Int] = [:]
  }

  /// Names and scopes that were looked for and are there.
  private(set) var seen: [AttributeScope: [String: Seen]] = [:]
  /// How many spans there are; nil when that is not known.
  private(set) var spans: Int?
  /// From the first start to the last end, in ns since 1970; nil without spans.
  private(set) var times: ClosedRange<UInt64>?
  private let wanted: Set<String>

  /// What a query names, and what that may be called instead.
  private init(wanting query: Query) {
    var wanted: Set<String> = []
    for attribute in query.queriedAttributes {
      wanted.insert(attribute.name)
      wanted.formUnion(RenamedAttributes.others(for: attribute.name).names)
    }
    self.wanted = wanted
  }

  /// From the names that a store lists by scope; of types nothing is known then.
  public init(for query: Query, names: [(scope: String, names: [String])]) {
    self.init(wanting: query)
    for (scope, names) in names {
      guard let scope = AttributeScope(rawValue: scope), scope != .any else { continue }
      for name in names where wanted.contains(name) { seen[scope, default: [:]][name] = Seen(count: nil) }
    }
  }

  /// Reads an input to its end. What cannot be read is passed over: the query itself has complained of it.
  public init(for query: Query, reading input: TraceInput) {
    self.init(wanting: query)
    spans = 0
    var decoder = TraceDecoder(skipsBad: true)
    do throws(InputError) {
      while let chunk = try input.next() {
        try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in try count(request) }
      }
    } catch {}
  }

  /// Reads a request in protobuf.
  init(for query: Query, request: [UInt8]) {
    self.init(wanting: query)
    spans = 0
    do throws(WireError) {
      try request.withByteView { view throws(WireError) in try count(RequestView(view)) }
    } catch {}
  }

  private mutating func count(_ request: RequestView) throws(WireError) {
    var resources = request.resourceSpans
    while let resource = try resources.next() {
      try note(resource.resource.attributes, .resource)
      var scopes = resource.scopeSpans
      while let scope = try scopes.next() {
        try note(scope.scope.attributes, .instrumentation)
        var all = scope.spans
        while let span = try all.next() {
          spans = (spans ?? 0) + 1
          let (start, end) = (span.startTimeUnixNano, max(span.startTimeUnixNano, span.endTimeUnixNano))
          times = min(times?.lowerBound ?? start, start)...max(times?.upperBound ?? end, end)
          try note(span.attributes, .span)
          var events = span.events
          while let event = try events.next() { try note(event.attributes, .event) }
          var links = span.links
          while let link = try links.next() { try note(link.attributes, .link) }
        }
      }
    }
  }

  private mutating func note(
    _ attributes: RepeatedField<KeyValueView>, _ scope: AttributeScope
  ) throws(WireError) {
    if wanted.isEmpty { return }
    var rest = attributes
    while let attribute = try rest.next() {
      let name = String(attribute.key)
      guard wanted.contains(name) else { continue }
      var seen = self.seen[scope]?[name] ?? Seen(count: 0)
      seen.count = (seen.count ?? 0) + 1
      seen.types[AttributeCensus.type(of: try attribute.value), default: 0] += 1
      self.seen[scope, default: [:]][name] = seen
    }
  }

  private static func type(of value: AnyValueView) -> String {
    switch value {
    case .empty: "nil"
    case .string: ValueType.string.noun
    case .bool: ValueType.boolean.noun
    case .int: ValueType.int.noun
    case .double: ValueType.float.noun
    case .array: "a list"
    case .kvlist: "a map"
    case .bytes: "bytes"
    }
  }

  /// What is known of an attribute where a query looks for it; nil when it is nowhere there.
  func found(_ name: String, in scope: AttributeScope) -> Seen? {
    guard scope == .any else { return seen[scope]?[name] }
    return seen[.span]?[name] ?? seen[.resource]?[name]
  }

  /// The scopes an attribute is in.
  func scopes(of name: String) -> [AttributeScope] {
    [.span, .resource, .event, .link, .instrumentation].filter { seen[$0]?[name] != nil }
  }
}

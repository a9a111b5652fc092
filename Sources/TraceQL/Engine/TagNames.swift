public import JSON
import OTLP
import Platform
public import TraceFormats

/// The names of attributes in traces, by scope.
public struct TagNames: Sendable {
  /// Names in their order, for scopes that have any, in Tempo's order of scopes.
  public var scopes: [(scope: AttributeScope, names: [String])]
  /// Bad records passed over.
  public var skipped: Int

  /// Reads all traces of an input; only spans that match a condition when there is one.
  public init(
    _ input: TraceInput, matching condition: SpanCondition? = nil, skipsBad: Bool = false
  ) throws(EngineError) {
    do throws(InputError) { self = try TagNames(reading: input, condition.map(SpanMatcher.init), skipsBad) } catch {
      throw .input(error)
    }
  }

  private init(reading input: TraceInput, _ matcher: SpanMatcher?, _ skipsBad: Bool) throws(InputError) {
    var names: [AttributeScope: KeySet] = [:]
    for scope in AttributeScope.allCases { names[scope] = KeySet() }
    let sets = names
    var decoder = TraceDecoder(skipsBad: skipsBad)
    while let chunk = try input.next() {
      try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in
        try TagNames.collect(request, matcher, sets)
      }
    }
    skipped = decoder.skipped
    let order: [AttributeScope] = [.span, .resource, .event, .link, .instrumentation]
    scopes = order.compactMap { scope in
      guard let found = sets[scope]?.sorted, !found.isEmpty else { return nil }
      return (scope, found)
    }
  }

  /// A set of keys that is passed around.
  private final class KeySet {
    private var table = KeyTable()
    func insert(_ attributes: RepeatedField<KeyValueView>) throws(WireError) {
      var rest = attributes
      while let attribute = try rest.next() { _ = table.insert(attribute.key) }
    }
    var sorted: [String] { (0..<table.count).map { String(table.key($0)) }.sorted() }
  }

  private static func collect(
    _ request: RequestView, _ matcher: SpanMatcher?, _ names: [AttributeScope: KeySet]
  ) throws(WireError) {
    var resources = request.resourceSpans
    while let resource = try resources.next() {
      try matcher?.enter(resource: resource.resource)
      var isResourceNew = true
      var scopes = resource.scopeSpans
      while let scope = try scopes.next() {
        try matcher?.enter(scope: scope.scope)
        var isScopeNew = true
        var spans = scope.spans
        while let span = try spans.next() {
          if let matcher, try !matcher.matches(span) { continue }
          if isResourceNew { try names[.resource]?.insert(resource.resource.attributes) }
          if isScopeNew { try names[.instrumentation]?.insert(scope.scope.attributes) }
          (isResourceNew, isScopeNew) = (false, false)
          try names[.span]?.insert(span.attributes)
          var events = span.events
          while let event = try events.next() { try names[.event]?.insert(event.attributes) }
          var links = span.links
          while let link = try links.next() { try names[.link]?.insert(link.attributes) }
        }
      }
    }
  }

  /// Writes the body that Tempo answers with, its intrinsics included.
  public func write(to json: inout JSONWriter) {
    json.beginObject()
    json.key("scopes")
    json.beginArray()
    for scope in scopes { write(scope.scope.rawValue, scope.names, to: &json) }
    write("intrinsic", Intrinsic.allNames, to: &json)
    json.endArray()
    json.endObject()
  }

  private func write(_ scope: String, _ names: [String], to json: inout JSONWriter) {
    json.beginObject()
    json.field("name", scope)
    json.key("tags")
    json.beginArray()
    for name in names { json.string(name) }
    json.endArray()
    json.endObject()
  }
}

extension Intrinsic {
  /// Every way to write an intrinsic, sorted.
  static var allNames: [String] {
    (Array(unscoped.keys) + scoped.flatMap { scope, names in names.keys.map { "\(scope):\($0)" } }).sorted()
  }
}

/// The values of one attribute in traces.
public struct TagValues: Sendable {
  /// Distinct values in the order of their text.
  public var values: [ResultValue]
  /// Bad records passed over.
  public var skipped: Int

  /// Reads all traces of a source; only spans that a search leaves when there is one.
  public init(
    of attribute: Attribute, matching query: Query? = nil, in source: TraceSource, _ options: LocalEngine.Options
  ) throws(EngineError) {
    // The groups of a count are the values; one interval is as long as time.
    var pipeline = SpansetPipeline([.spanset(.filter(.literal(.bool(true), .none)))])
    if case .search(let search)? = query?.body { pipeline = search }
    let everything = MetricsPipeline(pipeline: pipeline, function: .countOverTime, by: [attribute])
    var options = options
    options.step = .max / 2
    let result = try LocalEngine(Query(.metrics(.pipeline(everything))), options).metrics(source)
    // Of a list, its elements are the values.
    var found = Set<ResultValue>()
    for series in result.series {
      guard let value = series.labels.first?.value, value != .missing else { continue }
      if case .array(let elements) = value { found.formUnion(elements) } else { found.insert(value) }
    }
    values = found.subtracting([.missing]).map { Series(labels: [("", $0)], values: []) }
      .sorted(by: SecondStages.inLabelOrder).compactMap { $0.labels.first?.value }
    skipped = result.skipped
  }

  /// Writes the body that Tempo answers with.
  public func write(to json: inout JSONWriter) {
    json.beginObject()
    json.key("tagValues")
    json.beginArray()
    for value in values {
      json.beginObject()
      json.field("type", value.typeName)
      json.field("value", value.text)
      json.endObject()
    }
    json.endArray()
    json.endObject()
  }
}

extension ResultValue {
  /// The type as Tempo's list of tag values names it.
  fileprivate var typeName: String {
    switch self {
    case .missing, .string, .array: "string"
    case .bool: "bool"
    case .int: "int"
    case .double: "float"
    case .duration: "duration"
    case .status, .kind: "keyword"
    }
  }
}

extension Attribute {
  /// Reads an attribute as a query writes it, `resource.service.name` or `span:name`.
  public init(parsing text: String) throws(QueryError) {
    var parser = try Parser(text)
    self = try parser.parseAttribute().0
    guard parser.kind == .end else { throw parser.unexpected("only an attribute expected") }
  }
}

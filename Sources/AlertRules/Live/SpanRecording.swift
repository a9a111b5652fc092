import Backends
import OTLP
public import Platform
public import TraceFormats

/// The spans of a recording that rules are about: when each ended, how long it took, whether it failed.
public final class SpanRecording {
  /// The spans of one rule in the order of their ends.
  struct Spans {
    /// Nanoseconds since 1970.
    var ends: [Int64] = []
    /// Nanoseconds.
    var durations: [Int64] = []
    /// How many of the spans before each one failed.
    var failedBefore: [Int] = [0]
  }

  private struct Span {
    let end: Int64
    let duration: Int64
    let isFailed: Bool
  }

  /// What a rule asks of spans.
  private struct Filter: Hashable {
    let service: String
    let operation: String?
    let kinds: [WatchedKind]
    let scope: [Label]

    init(_ rule: AlertRule) {
      service = rule.service
      operation = rule.operation
      kinds = rule.spanKinds
      scope = rule.scope
    }
  }

  /// Most spans that are kept, each once for every different question of the rules.
  private static let limit = 64 << 20

  private var found: [Filter: [Span]] = [:]
  private var sorted: [Filter: Spans] = [:]
  private var kept = 0
  /// The first and the last end of a span; nil when there is none.
  public private(set) var first: Timestamp?
  public private(set) var last: Timestamp?
  /// How many spans there are, and how many bad records were passed over.
  public private(set) var spans = 0
  public private(set) var skipped = 0

  /// Reads an input to its end.
  public init(_ input: TraceInput, for rules: [AlertRule], skipsBad: Bool = false) throws(InputError) {
    var filters: [String: [Filter]] = [:]
    for rule in rules where rule.kind != .traceQL && found[Filter(rule)] == nil {
      found[Filter(rule)] = []
      filters[rule.service, default: []].append(Filter(rule))
    }
    var decoder = TraceDecoder(skipsBad: skipsBad)
    while let chunk = try input.next() {
      try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in try read(request, filters) }
      if kept > SpanRecording.limit {
        throw InputError("--against", .whole, "more than \(SpanRecording.limit) spans are about these rules")
      }
    }
    skipped = decoder.skipped
  }

  private func read(_ request: RequestView, _ filters: [String: [Filter]]) throws(WireError) {
    var groups = request.resourceSpans
    while let group = try groups.next() {
      let service = try SpanRecording.attribute("service.name", group.resource.attributes)
      let wanted = service.flatMap { filters[$0] } ?? []
      var scopes = group.scopeSpans
      while let scope = try scopes.next() {
        var list = scope.spans
        while let span = try list.next() {
          note(Int64(clamping: span.endTimeUnixNano))
          for filter in wanted {
            guard try SpanRecording.matches(filter, span, group.resource) else { continue }
            found[filter]?.append(
              Span(
                end: Int64(clamping: span.endTimeUnixNano), duration: Int64(clamping: span.durationNano),
                isFailed: span.statusCode == StatusCode.error.rawValue))
            kept += 1
          }
        }
      }
    }
  }

  private func note(_ end: Int64) {
    spans += 1
    let time = Timestamp(nanoseconds: end)
    first = min(first ?? time, time)
    last = max(last ?? time, time)
  }

  private static func matches(_ filter: Filter, _ span: SpanView, _ resource: ResourceView) throws(WireError) -> Bool {
    if let operation = filter.operation, !operation.utf8.elementsEqual(span.name.buffer) { return false }
    if !filter.kinds.isEmpty {
      let kind = SpanKind(rawValue: span.kind) ?? .unspecified
      guard filter.kinds.contains(where: { $0.rawValue == "\(kind)" }) else { return false }
    }
    for label in filter.scope {
      var value = try attribute(label.name, span.attributes)
      if value == nil { value = try attribute(label.name, resource.attributes) }
      guard value == label.value else { return false }
    }
    return true
  }

  /// The text of the attribute whose name is `name`, or becomes it as a label.
  private static func attribute(
    _ name: String, _ attributes: RepeatedField<KeyValueView>
  ) throws(WireError) -> String? {
    var rest = attributes
    while let attribute = try rest.next() {
      let key = String(attribute.key)
      guard key == name || LabelName.sanitized(key) == name else { continue }
      let value = try attribute.value
      return switch value {
      case .string(let text): String(text)
      case .bool(let value): "\(value)"
      case .int(let value): "\(value)"
      case .double(let value): FloatText.general(value)
      default: nil
      }
    }
    return nil
  }

  /// The spans that a rule is about.
  func spans(of rule: AlertRule) -> Spans {
    let filter = Filter(rule)
    if let known = sorted[filter] { return known }
    var spans = Spans()
    for span in (found.removeValue(forKey: filter) ?? []).sorted(by: { $0.end < $1.end }) {
      spans.ends.append(span.end)
      spans.durations.append(span.duration)
      spans.failedBefore.append((spans.failedBefore.last ?? 0) + (span.isFailed ? 1 : 0))
    }
    sorted[filter] = spans
    return spans
  }
}

import JSON
import OTLP
import Platform

/// What a JSON document holds, told from its keys.
enum DocumentKind: Equatable {
  /// TracesData, MetricsData or LogsData, Tempo's trace JSON, Jaeger's version 3.
  case otlp
  /// One ResourceSpans, ResourceMetrics or ResourceLogs, as Java's logging exporter writes it.
  case resource(OTLPSignal)
  /// What Jaeger's API answers and its user interface saves: `{"data":[…]}`.
  case jaegerAnswer
  /// `{"traceID":…,"spans":[…],"processes":{…}}`.
  case jaegerTrace
  /// A span with its process, as Elasticsearch holds it.
  case jaegerSpan
  /// `{"hits":{"hits":[…]}}`.
  case elasticAnswer
  /// `{"_index":…,"_source":{…}}`.
  case elasticHit
  /// Of version 2 or 1.
  case zipkinSpan
  /// What Tempo answers to a search, and one trace of it.
  case tempoSearch
  case tempoTrace
  /// Go's stdouttrace.
  case goSpan
  /// Python's ConsoleSpanExporter.
  case pythonSpan
  /// Several documents.
  case array
  /// `{}` or `null`.
  case empty
  /// No value: the end of the text, or of the array around it.
  case end
  /// None of them; what was seen instead.
  case unknown(String)

  /// The name in reports and refusals.
  var name: String {
    switch self {
    case .otlp, .resource: "OTLP JSON"
    case .jaegerAnswer, .jaegerTrace, .jaegerSpan: "Jaeger JSON"
    case .elasticAnswer, .elasticHit: "Jaeger JSON from Elasticsearch"
    case .zipkinSpan: "Zipkin JSON"
    case .tempoSearch, .tempoTrace: "Tempo search answer"
    case .goSpan: "Go stdouttrace"
    case .pythonSpan: "Python console output"
    case .array, .empty, .unknown, .end: "JSON"
    }
  }

  /// Whether it is counted as a document of its format, and not only what is around some.
  var isDocument: Bool {
    switch self {
    case .otlp, .resource, .jaegerTrace, .jaegerSpan, .zipkinSpan, .tempoTrace, .goSpan, .pythonSpan: true
    default: false
    }
  }

  /// Looks at the value that `tokens` would give next, as far as is needed.
  static func of(_ tokens: JSONTokenizer) throws(JSONError) -> DocumentKind {
    var ahead = tokens
    let first = try ahead.next()
    switch first.kind {
    case .objectStart: break
    case .arrayStart: return .array
    case .null: return .empty
    case .end, .arrayEnd: return .end
    case .string: return .unknown("a string")
    case .number: return .unknown("a number")
    default: return .unknown("a boolean")
    }
    var seen = Seen()
    while true {
      let key = try ahead.next()
      guard key.kind == .key else { break }
      if let kind = seen.add(ahead.bytes(of: key)) { return kind }
      try ahead.skipValue()
    }
    return seen.names.isEmpty ? .empty : .unknown("an object with \(seen.names.joined(separator: ", "))")
  }

  /// The keys of an object so far.
  private struct Seen {
    var names: [String] = []
    private var hasTraceID = false
    private var hasZipkinID = false

    /// The kind, once `key` tells it.
    mutating func add(_ key: ByteView) -> DocumentKind? {
      if let kind = DocumentKind.byKey.first(where: { key.equals($0.key) })?.kind { return kind }
      if key.equals("traceId") { hasTraceID = true } else if key.equals("id") { hasZipkinID = true }
      if hasTraceID, hasZipkinID { return .zipkinSpan }
      if names.count < 5 {
        names.append("\"\(String(key.prefix(40)))\"")
      } else if names.count == 5 {
        names.append("…")
      }
      return nil
    }
  }

  /// Keys that tell the kind by themselves.
  private static let byKey: [(key: StaticString, kind: DocumentKind)] = [
    ("resourceSpans", .otlp), ("resourceMetrics", .otlp), ("resourceLogs", .otlp), ("batches", .otlp),
    ("trace", .otlp), ("result", .otlp),
    ("scopeSpans", .resource(.traces)), ("instrumentationLibrarySpans", .resource(.traces)),
    ("scopeMetrics", .resource(.metrics)), ("scopeLogs", .resource(.logs)),
    ("data", .jaegerAnswer), ("spans", .jaegerTrace), ("processes", .jaegerTrace),
    ("spanID", .jaegerSpan), ("operationName", .jaegerSpan),
    ("hits", .elasticAnswer), ("_source", .elasticHit),
    ("traces", .tempoSearch), ("spanSets", .tempoTrace), ("spanSet", .tempoTrace), ("rootTraceName", .tempoTrace),
    ("rootServiceName", .tempoTrace), ("SpanContext", .goSpan),
    ("context", .pythonSpan), ("parent_id", .pythonSpan),
    ("localEndpoint", .zipkinSpan), ("binaryAnnotations", .zipkinSpan),
  ]
}

import OTLP
import Platform
import TestSupport
import TraceFormats

/// Spans with what they share, to be put together to requests in any way.
struct Recording {
  struct Span {
    let resource: [UInt8]
    let scope: [UInt8]
    let bytes: [UInt8]

    var traceID: String { view { Hex.encode($0.traceID) } }
    /// Trace and span.
    var id: String { traceID + " " + view { Hex.encode($0.spanID) } }
    var traceState: String { view { String($0.traceState) } }

    private func view(_ field: (SpanView) -> String) -> String {
      bytes.withByteView { view in (try? SpanView(view)).map(field) ?? "" }
    }
  }

  var spans: [Span] = []

  init(_ spans: [Span]) { self.spans = spans }

  /// The 200 traces of the shop.
  static func shop() throws -> Recording {
    var recording = Recording([])
    let input = try TraceInput([Fixtures.path("otlp/shop.otlp")])
    var decoder = TraceDecoder(skipsBad: false)
    while let chunk = try input.next() {
      try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in try recording.add(request.bytes) }
    }
    return recording
  }

  /// Adds the spans of a request.
  mutating func add(_ request: ByteView) throws(WireError) {
    var resources = RequestView(request).resourceSpans
    while let resource = try resources.next() {
      var scopes = resource.scopeSpans
      while let scope = try scopes.next() {
        var spans = scope.spans
        while let span = try spans.next() {
          self.spans.append(
            Span(
              resource: [UInt8](resource.resource.bytes), scope: [UInt8](scope.scope.bytes), bytes: [UInt8](span.bytes))
          )
        }
      }
    }
  }

  /// All spans in one request, as they follow each other.
  static func request(_ spans: some Sequence<Span>) -> [UInt8] {
    var out = ByteBuffer()
    for span in spans {
      out.appendField(1) { resourceSpans in
        resourceSpans.appendField(1) { $0.append(span.resource) }
        resourceSpans.appendField(2) { scopeSpans in
          scopeSpans.appendField(1) { $0.append(span.scope) }
          scopeSpans.appendField(2) { $0.append(span.bytes) }
        }
      }
    }
    return [UInt8](out.view)
  }

  /// Those of so many traces, chosen at random.
  func some(_ count: Int, using random: inout SeededRandom) -> Recording {
    let traces = Set(Array(Set(spans.map(\.traceID)).sorted()).shuffled(using: &random).prefix(count))
    return Recording(spans.filter { traces.contains($0.traceID) })
  }
}

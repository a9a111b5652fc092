import OTLP
import Platform
import Traces

/// What is said of a whole trace.
struct TraceSummary {
  /// In place of the names of a root that is not among the spans.
  static let noRoot: StaticString = "<root span not yet received>"

  /// Number of the root span; the earliest of several.
  var root: Int?
  var rootName = ByteView.empty
  var rootService = ByteView.empty
  /// ns since 1970.
  var start: UInt64 = 0
  /// ns since 1970.
  var end: UInt64 = 0
  var spanCount = 0
  var errorCount = 0
  /// By name of the service.
  var services: [(name: ByteView, spans: Int, errors: Int)] = []

  /// From the first start to the last end, in ns.
  var duration: Int { end > start ? Int(clamping: end - start) : 0 }

  init() {}

  init(_ spans: ArraySlice<SpanRecord>, _ tree: TraceTree, _ contexts: ContiguousArray<SpanContext>) {
    start = .max
    var places: [ByteView: Int] = [:]
    for index in spans.indices {
      let span = spans[index]
      start = min(start, span.start)
      end = max(end, span.end)
      spanCount += 1
      if span.isError { errorCount += 1 }
      if root == nil, tree.parent[index] == TraceTree.root { root = index }
      let service = contexts[Int(span.context)].service
      let place = places[service] ?? services.count
      if place == services.count {
        places[service] = place
        services.append((service, 0, 0))
      }
      services[place].spans += 1
      if span.isError { services[place].errors += 1 }
    }
    if let root, let header = try? SpanHeader(spans[root].message, needsStatus: false) {
      rootName = header.name
      rootService = contexts[Int(spans[root].context)].service
    }
    services.sort { String($0.name) < String($1.name) }
  }
}

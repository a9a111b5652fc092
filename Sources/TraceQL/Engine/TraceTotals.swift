import OTLP
import Platform

/// What is said of a whole trace.
struct TraceTotals {
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

  /// From the first start to the last end, in ns.
  var duration: Int { end > start ? Int(clamping: end - start) : 0 }

  init() {}

  init(_ spans: ArraySlice<SpanRecord>, _ contexts: ContiguousArray<SpanContext>) {
    start = .max
    for index in spans.indices {
      let span = spans[index]
      start = min(start, span.start)
      end = max(end, span.end)
      spanCount += 1
      if root == nil, span.parentID == 0 { root = index }
    }
    if let root, let header = try? SpanHeader(spans[root].message, needsStatus: false) {
      rootName = header.name
      rootService = contexts[Int(spans[root].context)].service
    }
  }

  /// How many spans and errors each service has, by name.
  static func services(
    _ spans: ArraySlice<SpanRecord>, _ contexts: ContiguousArray<SpanContext>
  ) -> [ServiceResult] {
    var places: [ByteView: Int] = [:]
    var services: [ServiceResult] = []
    for span in spans {
      let service = contexts[Int(span.context)].service
      let place = places[service] ?? services.count
      if place == services.count {
        places[service] = place
        services.append(ServiceResult(name: String(service), spanCount: 0, errorCount: 0))
      }
      services[place].spanCount += 1
      if let header = try? SpanHeader(span.message, needsStatus: true), header.statusCode == 2 {
        services[place].errorCount += 1
      }
    }
    return services.sorted { $0.name < $1.name }
  }
}

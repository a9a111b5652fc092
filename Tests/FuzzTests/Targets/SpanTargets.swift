import OTLP
import Platform
import SpanMetrics
import TestSupport
import Traces

@testable import Correlate
@testable import TraceQL

extension FuzzTarget {
  /// Everything that looks inside spans: span metrics with the service graph, queries, and what correlate makes of traces.
  static let spans = FuzzTarget(
    "spans",
    seeds: { [try Fixtures.bytes("otlp/sdk-python-identity.body"), try Fixtures.bytes("tempo/trace-v1.pb")] }
  ) { view in
    try count(view)
    let bytes = [UInt8](view)
    for query in queries { try evaluate(query, bytes, threads: 1) }
    for trace in (try? SpanReader.traces(bytes)) ?? [] {
      for detail in TraceOutline.Detail.allCases {
        let counted = TraceOutline(trace, detail).rows.reduce(0) { $0 + $1.count }
        try hold(counted == trace.spans.count, "\(detail) shows \(counted) of \(trace.spans.count) spans")
      }
      _ = TraceFeature.of(trace)
    }
  }

  private static func count(_ view: ByteView) throws {
    var configuration = SpanMetricsConfiguration()
    configuration.dimensions = ["http.method", "host.name"]
    configuration.size = .histogram
    configuration.multiplierAttribute = "ratio"
    configuration.includesTargetInfo = true
    configuration.keepsExemplars = true
    configuration.includesStatusMessage = true
    configuration.serviceGraph = ServiceGraphConfiguration()
    configuration.serviceGraph?.measuresMessaging = true
    configuration.serviceGraph?.maxWaiting = 8
    configuration.maxSeries = 4
    let aggregator = try Aggregator(configuration, graph: ServiceGraph(configuration))
    try? aggregator.consume(RequestView(view))
    var calls = 0.0
    aggregator.snapshot().forEachSeries { calls += $0.calls }
    // Each span counts at least once: a ratio above 1 is none.
    try hold(calls.isFinite && calls >= Double(aggregator.spans), "\(aggregator.spans) spans make \(calls) calls")
  }

  private static let queries: [Query] = [
    "{ duration > 1ms && .http.status_code >= 200 || name =~ \"G.*\" } | by(resource.service.name) | count() > 0",
    "{ } >> { status = error } | select(span.http.route, event:name, link:traceID) | avg(duration) >= 0",
    "{ nestedSetParent < 0 } &>> { span:childCount > 0 } | max(.n) > -1",
    "{ .a + .b * 2 - .c / .d % 3 ^ 2 > -1 || -.n < 4 }",
    "{ } | quantile_over_time(duration, .5, .99) by (name)", "{ } | histogram_over_time(.n)",
    "({ } | sum_over_time(.n)) / ({ } | count_over_time())", "{ } | compare({ status = error }, 3)",
  ].compactMap { try? Query(parsing: $0) }

  /// A query may fail over strange spans, but its error can be shown.
  private static func evaluate(_ query: Query, _ bytes: [UInt8], threads: Int) throws {
    var options = LocalEngine.Options()
    options.threads = threads
    options.memoryLimit = 64 << 20
    do {
      if query.isMetrics {
        _ = try LocalEngine(query, options).metrics(.memory(bytes))
      } else {
        _ = try LocalEngine(query, options).search(.memory(bytes))
      }
    } catch {
      try hold(!"\(error)".isEmpty, "an error without text")
    }
  }

  private static let shop: [UInt8] = (try? Fixtures.bytes("tempo/trace-v1.pb")) ?? []

  /// Any query that is accepted can be evaluated.
  static let evaluation = FuzzTarget("evaluation", seeds: traceql.seeds) { view in
    guard view.count <= 2000, let query = try? Query(parsing: String(view)) else { return }
    try evaluate(query, shop, threads: 1)
  }
}

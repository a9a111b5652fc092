import OTLP
import Platform
import TestSupport

@testable import SpanMetrics

extension FuzzTarget {
  private static let stateConfiguration = {
    var configuration = SpanMetricsConfiguration()
    configuration.dimensions = ["http.method"]
    configuration.histograms = .both
    configuration.size = .histogram
    configuration.includesTargetInfo = true
    configuration.hostIdentifiers = ["host.name"]
    configuration.eventDimensions = ["exception.type"]
    configuration.serviceGraph = ServiceGraphConfiguration()
    configuration.serviceGraph?.dimensions = ["http.method"]
    return configuration
  }()

  /// A state with everything in it.
  private static func stateSeeds() throws -> [[UInt8]] {
    var seeds: [[UInt8]] = []
    for file in ["otlp/sdk-python-identity.body", "otlp/shop.otlp"] {
      let graph = ServiceGraph(stateConfiguration)
      let aggregator = try Aggregator(stateConfiguration, graph: graph)
      // A few spans make it whole; more only make it long.
      let bytes = try Fixtures.bytes(file).prefix(6000)
      Array(bytes).withByteView { view in _ = try? aggregator.consume(RequestView(view)) }
      var state = SavedState(round: 7, time: 1_700_000_000_000, started: 1_600_000_000_000)
      state.delivered = Delivered(round: 6, time: 1_699_999_999_000)
      state.inputs = [InputPosition(path: "/var/spans.jsonl")]
      seeds.append(try content(state, aggregator, graph))
    }
    return seeds
  }

  private static func content(
    _ state: SavedState, _ aggregator: Aggregator, _ graph: ServiceGraph?
  ) throws -> [UInt8] {
    var saved = ByteBuffer()
    graph?.save(into: &saved, withWaiting: true)
    var writer = StateWriter()
    writer.write(state, stateConfiguration.fingerprint)
    writer.write(SpanMetricsSnapshot(aggregator.core, graph: nil))
    writer.write(graph: saved.view)
    return writer.content
  }

  /// The content of a state's file: what is read can be written, and reads as the same again.
  static let state = FuzzTarget("state", seeds: stateSeeds) { view in
    guard let first = try? StateReader.read(content: view, stateConfiguration), !first.isOtherConfiguration else {
      return
    }
    let written = try content(first.state, first.aggregator, first.graph)
    let second = try written.withByteView { try StateReader.read(content: $0, stateConfiguration) }
    let again = try content(second.state, second.aggregator, second.graph)
    // Sets have no order of their own.
    try hold(written.count == again.count, "\(written.count) bytes became \(again.count)")
    let snapshots = [first, second].map {
      SpanMetricsSnapshot($0.aggregator.core, graph: $0.graph?.result(isFinal: true))
    }
    try hold(snapshots[0].seriesCount == snapshots[1].seriesCount, "the series differ")
    try hold(snapshots[0].spans == snapshots[1].spans, "the spans differ")
    var page = ByteBuffer()
    ExpositionProtobuf.append(MetricTable(snapshots[0]), external: [], exemplarLabel: "trace_id", to: &page)
    OTLPDocument.forEachRequest(
      snapshots[0], external: [], (Timestamp(milliseconds: first.state.started), .now), isDelta: false
    ) { page.append($0) }
  }
}

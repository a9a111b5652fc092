import OTLP
import TestSupport
import Testing

@testable import Relay

/// The names of the collector's metrics in place of the relay's own.
@Suite struct MetricNamesTests {
  private func page(_ names: MetricNames) throws -> String {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url]) { $0.metricNames = names }
    #expect(try relay.send(Spans.request(3, seed: 1)).status == 200)
    try sink.waitForSpans(3)
    try waitUntil("the span counted", true: { try relay.page("/metrics").text.contains("} 3\n") })
    let text = try relay.page("/metrics").text
    relay.stop()
    return text
  }

  @Test("what the collector has too is under its names, once, and the rest as before")
  func names() throws {
    let own = try page(.ongrid)
    let collectors = try page(.otelcol)
    #expect(own.contains("ongrid_relay_accepted_items_total{") && !own.contains("otelcol_"))
    #expect(collectors.contains("otelcol_receiver_accepted_spans{receiver=\"otlp\",transport=\"http\"} 3\n"))
    for name in MetricsPage.collectorHas {
      #expect(own.contains("# TYPE \(name) "), "\(name)")
      #expect(!collectors.contains(name), "\(name)")
    }
    #expect(collectors.contains("ongrid_relay_queue_bytes{"))
    let families = collectors.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
    #expect(Set(families).count == families.count)
  }
}

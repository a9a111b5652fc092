import Foundation
import Platform
import TestSupport
import Testing

@testable import Backends
@testable import Transport

/// What is written to a real Prometheus comes back from it.
@Suite(.enabled(if: PrometheusServer.isInstalled)) struct RealPrometheusTests {
  @Test func writesAndQueries() throws {
    let server = try PrometheusServer()
    let now = Timestamp.now.nanoseconds / 1_000_000_000 * 1000
    let hostile = "a\"b\\c\nd\u{1F600}"
    var series: [RemoteWriteSeries] = []
    for step in 0..<20 {
      for index in 0..<150 {
        let value = step == 19 && index == 1 ? RemoteWriteEncoder.staleNaN : Double(step * (index + 1))
        let labels: [RemoteWriteSeries.Label] = [
          .init("__name__", "written_total"), .init("index", String(index)), .init("hostile", hostile),
        ]
        series.append(
          RemoteWriteSeries(labels: labels, samples: [.init(value, milliseconds: now - Int64(19 - step) * 1000)]))
      }
    }
    series[series.count - 1].exemplars = [
      .init(
        labels: [.init("trace_id", "0af7651916cd43dd8448eb211c80319c")], sample: .init(2.5, milliseconds: now - 500))
    ]
    try RemoteWriteClient(url: HTTPURL(server.url)).write(series)

    let client = try PrometheusClient(url: HTTPURL(server.url))
    let end = Timestamp(nanoseconds: now * 1_000_000)
    let latest = try client.query("written_total{index=\"7\"}", at: end).series
    #expect(latest.count == 1)
    #expect(latest[0].labels["hostile"] == hostile)
    #expect(latest[0].samples[0].value == 19 * 8)
    #expect(try client.query("count(written_total)", at: end).series[0].samples[0].value == 149)
    let range = try client.queryRange(
      "written_total{index=\"2\"}", start: end.advanced(byNanoseconds: -19_000_000_000), end: end, step: 1_000_000_000)
    #expect(range[0].samples.map(\.value) == (0..<20).map { Double($0 * 3) })
    #expect(try client.labelValues("index", matching: ["written_total"]).count == 150)
    #expect(try client.labelNames().contains("hostile"))
    #expect(try client.series(matching: ["written_total{index=\"3\"}"]).count == 1)
    #expect(try client.version().first?.isNumber == true)
    let exemplars = try client.queryExemplars(
      "written_total", start: end.advanced(byNanoseconds: -60_000_000_000), end: end)
    #expect(exemplars.first?.exemplars.first?.traceID == "0af7651916cd43dd8448eb211c80319c")
    let error = #expect(throws: BackendError.self) { try client.query("sum(") }
    #expect(error?.description.contains("parse error") == true)
    try server.stop()
  }
}

import TestSupport
import Testing

@Suite struct PrometheusServerTests {
  @Test(.enabled(if: PrometheusServer.isInstalled))
  func aServerStartsAnswersAndStops() throws {
    let server = try PrometheusServer()
    let samples = try server.query("label_replace(vector(1.5), \"a\", \"b\", \"\", \"\")")
    #expect(samples.map(\.value) == [1.5])
    #expect(samples.first?.labels == ["a": "b"])
    #expect(throws: TestTimeout.self) { try server.query("rate(") }
    try server.stop()
  }
}

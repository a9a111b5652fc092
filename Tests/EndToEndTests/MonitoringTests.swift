import Foundation
import TestSupport
import Testing

/// The alert rules and the dashboard for the relay's own health.
@Suite struct MonitoringTests {
  private static func path(_ name: String) -> String {
    Fixtures.repository.appending(path: "packaging/monitoring/\(name)").path(percentEncoded: false)
  }

  @Test("promtool finds nothing wrong with the rules", .enabled(if: Tools.has("promtool")))
  func rules() throws {
    let result = try Program.run(["check", "rules", Self.path("relay-alerts.yaml")], executable: "promtool")
    #expect(result.status == 0, "\(result.errors)")
  }

  @Test(
    "rules and dashboard name metrics that the relay has", arguments: ["relay-alerts.yaml", "relay-dashboard.json"])
  func names(_ file: String) throws {
    let relay = try RelayProcess(["--to", "file:/dev/null", "--queue-dir", TemporaryDirectory().path("queue")])
    let page = try Program.run(["-sS", "http://\(relay.admin)/metrics"], executable: "curl").output
    let known = Set(
      page.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }
        .compactMap { $0.split(separator: " ").dropFirst(2).first.map(String.init) })
    let text = try String(contentsOfFile: Self.path(file), encoding: .utf8)
    let named = Set(text.matches(of: #/ongrid_relay_[a-z_]+/#).map { String($0.0) })
    #expect(named.count > 4)
    for name in named {
      let family = name.hasSuffix("_bucket") ? String(name.dropLast(7)) : name
      #expect(known.contains(family), "\(name)")
    }
    try relay.stop()
  }
}

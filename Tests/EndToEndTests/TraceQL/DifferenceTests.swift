import Foundation
import TestSupport
import Testing

/// `ongrid traceql --diff`.
@Suite struct DifferenceTests {
  static let shop = Fixtures.path("otlp/shop.otlp")
  static let incident = Fixtures.path("correlate/incident.jsonl.gz")
  /// Before the incident of that recording, and in it.
  static let before = "2026-11-23T06:40:00Z..2026-11-23T07:16:00Z"
  static let after = "2026-11-23T07:16:00Z..2026-11-23T07:40:00Z"

  private func diff(_ arguments: [String]) throws -> ProgramResult {
    try Program.run(["traceql", "--diff"] + arguments)
  }

  @Test func aRunDoesNotDifferFromItself() throws {
    let table = try diff([
      Self.shop, Self.shop, "-f", "table", "--width", "120", "--fail-on", "p95 > +1% || errors > +0.1%",
    ])
    #expect(table.status == 0, "\(table.output)\(table.errors)")
    #expect(
      table.output.hasPrefix("before: 200 traces, 1948 spans; after: 200 traces, 1948 spans\n"), "\(table.output)")
    #expect(!table.output.contains("slower") && !table.output.contains("failing"))
  }

  @Test func anIncidentIsNamedFirst() throws {
    let json = try diff([Self.before, Self.after, "--from", Self.incident, "--fail-on", "p95 > +20% && own > +50%"])
    #expect(json.status == 1, "\(json.errors)")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.stdout)) as? [String: Any])
    let operations = try #require(object["operations"] as? [[String: Any]])
    #expect(operations.first?["service"] as? String == "fraud", "\(operations.first ?? [:])")
    #expect(operations.first?["regression"] as? Bool == true)
    #expect((object["failed"] as? [[String: Any]])?.isEmpty == false)
    let markdown = try diff([Self.before, Self.after, "--from", Self.incident, "-f", "markdown"])
    #expect(
      markdown.output.contains("| **failing** | fraud | Check |")
        || markdown.output.contains("| **slower** | fraud | Check |"), "\(markdown.output)")
  }

  @Test func theQuerySelectsInBoth() throws {
    let some = try diff(["{ resource.service.name = \"cart\" }", Self.shop, Self.shop, "-f", "table"])
    #expect(
      some.status == 0 && some.output.contains("cart") && !some.output.contains("checkout"),
      "\(some.output)\(some.errors)")
    #expect(try diff(["{ name = \"no such\" }", Self.shop, Self.shop]).status == 1)
  }

  @Test func twoTracesAreLaidOverOneAnother() throws {
    let found = try Program.run(["traceql", "{ rootName = \"GET /cart\" }", "-n", "2", "--from", Self.shop])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(found.stdout)) as? [String: Any])
    let ids = try #require(object["traces"] as? [[String: Any]]).compactMap { $0["traceID"] as? String }
    try #require(ids.count == 2)
    let drawn = try diff(["id:\(ids[0])", "id:\(ids[1])", "--from", Self.shop, "-f", "waterfall", "--width", "100"])
    #expect(drawn.status == 0, "\(drawn.errors)")
    #expect(drawn.output.contains("before  \(ids[0])") && drawn.output.contains("GET /cart"), "\(drawn.output)")
    #expect(drawn.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
    #expect(try diff(["id:\(ids[0])", "id:0123", "--from", Self.shop, "-f", "waterfall"]).status == 1)
  }

  @Test(arguments: [
    ([shop], "--diff needs two runs"), (["{ } | rate()", shop, shop], "not series"),
    ([shop, "2026-11-23T07:00:00Z..2026-11-23T06:00:00Z"], "ends before it starts"),
    ([shop, "id:abc"], "needs a source"),
    ([shop, shop, "-f", "plot"], "does not suit a difference"),
    ([shop, shop, "--fail-on", "p99 > 1%"], "a condition such as"),
  ])
  func refusesWhatItCannotCompare(_ arguments: [String], _ message: String) throws {
    let result = try diff(arguments)
    #expect(result.status == 2 && result.errors.contains(message), "\(result.errors)")
    #expect(try Program.run(["traceql", "{ }", Self.shop, "--fail-on", "p95 > 1%"]).status == 2)
  }
}

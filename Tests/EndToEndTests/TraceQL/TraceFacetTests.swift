import Foundation
import TestSupport
import Testing

/// `traceql --service` and its like.
@Suite struct TraceFacetTests {
  private let file = Fixtures.path("otlp/shop.jsonl")

  private func ids(_ arguments: [String]) throws -> [String] {
    let result = try Program.run(["traceql", "-n", "0"] + arguments + [file])
    #expect(result.status == 0, "\(result.errors)")
    return result.output.matches(of: /"traceID":"([0-9a-f]+)"/).map { String($0.output.1) }
  }

  /// Facets, and the query that says the same.
  @Test(
    arguments: [
      (["--service", "payments-api"], "{ resource.service.name = \"payments-api\" }"),
      (
        ["--service", "payments-api", "--operation", "POST /v1/charge"],
        "{ resource.service.name = \"payments-api\" && name = \"POST /v1/charge\" }"
      ),
      (["--min-duration", "800ms"], "{ traceDuration >= 800ms }"),
      (
        ["--service", "payments-api", "--max-duration", "1s"],
        "{ resource.service.name = \"payments-api\" && traceDuration <= 1s }"
      ),
      (
        ["--service", "payments-api", "{ status = error || duration > 500ms }"],
        "{ resource.service.name = \"payments-api\" && (status = error || duration > 500ms) }"
      ),
      (["--service", "payments-api", "{ }"], "{ resource.service.name = \"payments-api\" }"),
      (
        ["--service", "mobile-gateway", "{ name != \"}\" } >> { status = error } | count() > 0"],
        "{ resource.service.name = \"mobile-gateway\" && name != \"}\" } >> { status = error } | count() > 0"
      ),
    ] as [([String], String)])
  func sayTheSameAsAQuery(_ facets: [String], _ query: String) throws {
    let found = try ids(facets)
    #expect(found == (try ids([query])))
    #expect(!found.isEmpty)
  }

  @Test func aServerIsAskedForThem() throws {
    let tempo = try StubServer { _ in .ok("{\"traces\":[]}") }
    let result = try Program.run(
      ["traceql", "--tempo", tempo.url, "--service", "a\"b", "--device-id", "24", "--check", "{ }"])
    #expect(result.output.hasPrefix("{ resource.device_id = \"24\" && resource.service.name = \"a"))
    let asked = try Program.run(["traceql", "--tempo", tempo.url, "--device-id", "24", "{ status = error } | rate()"])
    #expect(asked.status == 0, "\(asked.errors)")
    #expect(tempo.requests.last?.query["q"] == "{ resource.device_id = \"24\" && (status = error) } | rate()")
  }

  @Test func areRefusedWhereNothingIsSearched() throws {
    for arguments in [["--tags"], ["--trace-id", "1"], ["--tag-values", "name"], ["--info"]] {
      let result = try Program.run(["traceql", "--service", "a"] + arguments + [file])
      #expect(result.status == 2 && result.errors.contains("--service"), "\(result.errors)")
    }
  }
}

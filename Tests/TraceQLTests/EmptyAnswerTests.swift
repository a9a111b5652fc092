import Testing

@testable import TraceQL

/// Why a query finds nothing.
@Suite struct EmptyAnswerTests {
  private static let spans = [
    TestTraces.Span(
      attributes: [("http.response.status_code", .int(500)), ("code", .text("7")), ("tags", .texts(["a"]))],
      resource: [("host.name", .text("h"))], events: [("e", ["exception.type": .text("IOError")])]),
    .init(id: 2, attributes: [("http.response.status_code", .int(200)), ("net.peer.name", .text("x"))]),
  ]

  private func reasons(_ query: String, range: TimeRange? = nil) throws -> [String] {
    let query = try Query(parsing: query)
    return EmptyAnswer.reasons(for: query, .init(for: query, request: TestTraces.request(Self.spans)), range: range)
  }

  @Test(arguments: [
    (
      "{ span.http.status_code = 500 }",
      ["nothing has span.http.status_code, but 2 spans have span.http.response.status_code, its newer name"]
    ),
    (
      "{ span.server.address = \"x\" }",
      ["nothing has span.server.address, but 1 span has span.net.peer.name, its older name"]
    ),
    (
      "{ .http.status_code >= 500 } | rate()",
      ["nothing has .http.status_code, but 2 spans have span.http.response.status_code, its newer name"]
    ),
    ("{ span.host.name = \"h\" }", ["nothing has span.host.name, but 1 resource has resource.host.name"]),
    (
      "{ span.exception.type = \"IOError\" }", ["nothing has span.exception.type, but 1 event has event.exception.type"]
    ),
    (
      "{ span.http.response.status_code = \"500\" }",
      ["span.http.response.status_code is an integer wherever it is, and \"500\" is a string: leave out the quotes"]
    ),
    ("{ span.code = 7 }", ["span.code is a string wherever it is, and 7 is an integer: write \"7\""]),
    ("{ span.status = error }", ["nothing has span.status; what every span has is written span:status"]),
    ("{ .name = \"x\" }", ["nothing has .name; what every span has is written name"]),
    ("{ span.nowhere = 1 && resource.host.name = \"other\" }", ["nothing has span.nowhere"]),
    (
      "{ } | rate() by (span.http.status_code)",
      ["nothing has span.http.status_code, but 2 spans have span.http.response.status_code, its newer name"]
    ),
    // These are as they should be, or meant so.
    ("{ span.http.response.status_code = 404 }", []), ("{ span.tags = \"b\" }", []),
    ("{ span.http.response.status_code > 1.5 }", []), ("{ span.nowhere = nil && name = \"none\" }", []),
    ("{ status = error }", []),
  ])
  func isExplained(_ query: String, _ expected: [String]) throws {
    #expect(try reasons(query) == expected)
  }

  @Test func aRangeBesideTheSpansIsNamed() throws {
    let before = TimeRange(start: 0, end: 500_000_000)
    #expect(try reasons("{ }", range: before) == ["all spans lie after the time range that was asked for"])
    #expect(try reasons("{ }", range: TimeRange(start: 1_000_000_000, end: 3_000_000_000)) == [])
  }

  @Test func namesOfAStoreTellAsMuch() throws {
    let query = try Query(parsing: "{ span.http.status_code = 500 || span.host.name = 1 }")
    let census = AttributeCensus(
      for: query,
      names: [("span", ["http.response.status_code"]), ("resource", ["host.name"]), ("intrinsic", ["name"])])
    #expect(
      EmptyAnswer.reasons(for: query, census, range: nil) == [
        "nothing has span.http.status_code, but there is span.http.response.status_code, its newer name",
        "nothing has span.host.name, but there is resource.host.name",
      ])
  }

  @Test(arguments: [
    ("{ } | rate()", true), ("{ } | count_over_time() with(exemplars=true)", true),
    ("{ } with(most_recent=true)", true),
    ("{ } with(exemplars=true)", false), ("{ } | rate() with(sample=0.1)", false), ("{ } with(job_size=1)", false),
    ("{ } with(most_recent=false)", false), ("{ } | rate() with(exemplars=\"x\")", false),
  ])
  func hintsWithoutEffectAreNamed(_ query: String, _ isFollowed: Bool) throws {
    #expect(try Query(parsing: query).hintsWithoutEffect.isEmpty == isFollowed)
  }

  @Test func aHintThatIsNoneIsNamed() throws {
    #expect(
      try Query(parsing: "{ } with(examplars=true)").hintsWithoutEffect == [
        "with(examplars=…) has no effect: there is no such hint, did you mean exemplars?"
      ])
  }
}

import Testing

@testable import Sampling

@Suite struct PolicyTests {
  @Test(
    "queries that can never match are refused, with their place",
    arguments: [
      ("{ false }", 3), ("{ duration > 2s && duration < 1s }", 20), ("{ duration < 0s }", 3), ("{ 0 > duration }", 3),
      ("{ status = error && status = ok }", 21), ("{ status = error } && { kind = server && kind = client }", 42),
      ("{ name = \"a\" && name != \"a\" }", 17), ("{ } | count() < 1", 7), ("{ } | count() = 0", 7),
      ("{ status = error } > { false }", 24),
      ("{ traceDuration = 1ms && traceDuration > 1ms }", 26), ("10/s { false }", 8),
    ])
  func neverMatch(_ text: String, _ column: Int) {
    var policy = Policy()
    let error = #expect(throws: PolicyError.self) { try policy.add(.keep, text) }
    #expect(error?.error.column == column)
    #expect(error?.description.contains("can never match") == true)
  }

  @Test(
    "what may match is taken",
    arguments: [
      "{ }", "{ true }", "{ duration >= 0s }", "{ duration > 1s && duration < 2s }", "{ .a = 1 && .a = 2 }",
      "{ event:name = \"a\" && event:name = \"b\" }", "{ status = error || status = ok }", "{ } !> { status = error }",
      "{ } | count() > 0", "{ status = error && kind = server }", "{ false || true }", "{ false } || { name = \"x\" }",
      "{ nestedSetParent < 0 }", "{ span:childCount > 1 && span:childCount < 3 }",
    ])
  func mayMatch(_ text: String) throws {
    var policy = Policy()
    try policy.add(.keep, text)
    #expect(policy.rules.count == 1)
  }

  @Test(
    arguments: [
      ("5%", .share(0.05)), ("100%", .share(1)), ("0.1%", .share(0.001)), ("20/s", .perSecond(20)), ("0%", nil),
      ("101%", nil), ("-5%", nil), ("5", nil), ("%", nil), ("/s", nil), ("0/s", nil), ("nan%", nil),
      ("1e3/s", .perSecond(1000)),
    ] as [(String, Policy.Sample?)])
  func samples(_ text: String, _ expected: Policy.Sample?) { #expect(Policy.sample(text) == expected) }

  @Test func rates() throws {
    var policy = Policy()
    try policy.add(.keep, "100/s { status = error }")
    try policy.add(.keep, "  0.5/s\t{ .a / 2 > 1 }")
    try policy.add(.keep, "{ .a / 2 > 1 }")
    #expect(policy.rules.map(\.rate) == [100, 0.5, nil])
    #expect(throws: PolicyError.self) { try policy.add(.keep, "0/s { true }") }
    #expect(throws: PolicyError.self) { try policy.add(.drop, "1/s { true }") }
    #expect(throws: PolicyError.self) { try policy.add(.keep, "{ } | rate()") }
  }

  @Test func aDropOfTheSameQueryWins() throws {
    var policy = Policy()
    try policy.add(.keep, "{ status=error }")
    try policy.add(.drop, "{ status = error }")
    #expect(throws: PolicyError.self) { try policy.checkTogether() }
  }

  @Test func aRateLimitRefills() {
    let limit = RateLimit(10)
    let second: Int64 = 1_000_000_000
    #expect((0..<20).filter { _ in limit.take(now: second) }.count == 10)
    #expect((0..<20).filter { _ in limit.take(now: second + second / 2) }.count == 5)
    #expect((0..<20).filter { _ in limit.take(now: 100 * second) }.count == 10)
    // A clock that goes back gives nothing.
    #expect((0..<20).filter { _ in limit.take(now: 1) }.isEmpty)
  }

  @Test func aMovingThresholdKeepsItsRate() {
    let moving = MovingThreshold(50)
    let second: Int64 = 1_000_000_000
    var state: UInt64 = 7
    var kept = 0
    for index in 0..<20_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // 2,000 a second for ten seconds.
      let threshold = moving.next(now: Int64(index) * second / 2_000)
      if state >> 8 >= threshold, index >= 4_000 { kept += 1 }
    }
    #expect((300...500).contains(kept), "\(kept) of 400")
  }
}

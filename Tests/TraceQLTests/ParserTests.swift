import Testing

@testable import TraceQL

@Suite struct ParserTests {
  /// Queries and the canonical text that the printer gives them.
  static let canonical: [(String, String)] = [
    ("{}", "{ }"),
    ("{true}", "{ }"),
    ("{ resource.service.name=`a b` }", "{ resource.service.name = \"a b\" }"),
    ("{ .a } | duration > 800ms", "{ .a } | { duration > 800ms }"),
    ("{ .a } | !span.cached | count() > 1", "{ .a } | { !span.cached } | count() > 1"),
    ("{ span:name = \"x\" && trace:rootService = \"y\" }", "{ name = \"x\" && rootServiceName = \"y\" }"),
    ("{ span:childCount > 3 && event:timeSinceStart < 1ms }", "{ span:childCount > 3 && event:timeSinceStart < 1ms }"),
    ("{ .a || .b && .c }", "{ .a || .b && .c }"),
    ("{ .a || (.b && .c) }", "{ .a || (.b && .c) }"),
    ("{ (.a || .b) && .c }", "{ .a || .b && .c }"),
    ("{ 1 + (.a * 2) ^ 3 ^ .b = 4 }", "{ 1 + (.a * 2) ^ 3 ^ .b = 4 }"),
    ("{ -.a * .b = -1 }", "{ -(.a * .b) = -1 }"),
    ("{ (-.a) * .b = 1 }", "{ (-.a) * .b = 1 }"),
    ("{ !(.a = 1) && !.b }", "{ !(.a = 1) && !.b }"),
    ("{ nil != .a && .b = nil }", "{ .a != nil && .b = nil }"),
    ("{ nil = nil }", "{ false }"),
    (
      "{ duration > 1h30m || duration < 1.5ms || duration = 1d }",
      "{ duration > 1h30m || duration < 1.5ms || duration = 24h }"
    ),
    ("{ span.\"a b\".c = 1 }", "{ span.\"a b.c\" = 1 }"),
    ("{ .a+1 > 2 }", "{ .a+1 > 2 }"),
    ("{ .n = minInt || .n = maxInt }", "{ .n = minInt || .n = 9223372036854775807 }"),
    ("{ .a /* comment */ = 1 } // more", "{ .a = 1 }"),
    ("{ .s = \"q\\\"\\x41\\u00e9\\n\" }", "{ .s = \"q\\\"Aé\\n\" }"),
    ("{ .a } && ({ .b } >> { .c }) || { .d }", "{ .a } && { .b } >> { .c } || { .d }"),
    ("({ .a } && { .b }) >> { .c }", "({ .a } && { .b }) >> { .c }"),
    ("{ .a } &>> { .b } !~ { .c }", "{ .a } &>> { .b } !~ { .c }"),
    ("({ .a } | count() > 2) && ({ .b } | count() > 0)", "({ .a } | count() > 2) && ({ .b } | count() > 0)"),
    ("({ .a } | count() > 1) || ({ .b })", "({ .a } | count() > 1) || ({ .b })"),
    (
      "({ .a } | count() > 1) || ({ .b }) >> ({ .c } && { .d })",
      "({ .a } | count() > 1) || ({ .b }) >> ({ .c } && { .d })"
    ),
    ("(count() > 1) && (by(.a))", "(count() > 1) && (by(.a))"),
    (
      "{ .a } | by(1 + .b) | count() > 1 | coalesce() | select(.c, name)",
      "{ .a } | by(1 + .b) | count() > 1 | coalesce() | select(.c, name)"
    ),
    ("{ .a } | max(duration) > 2 / 6", "{ .a } | max(duration) > 0"),
    ("{ } | rate()by(name,.a)", "{ } | rate() by (name, .a)"),
    (
      "{ } | quantile_over_time(duration, 0, .9, 1) by (span.x) | topk(10)",
      "{ } | quantile_over_time(duration, 0.0, 0.9, 1.0) by (span.x) | topk(10)"
    ),
    ("{ } | compare({ status = error }, 10)", "{ } | compare({ status = error })"),
    ("{ } | compare({ status = error }, 5, 100, 200)", "{ } | compare({ status = error }, 5, 100, 200)"),
    (
      "({ } | rate()) + ({ } | rate()) * 2 > 10 | topk(5)",
      "({ } | rate()) + ({ } | rate()) * 2 > 10 | topk(5)"
    ),
    ("(({ } | rate()) + ({ } | rate())) * -2", "(({ } | rate()) + ({ } | rate())) * (-2)"),
    ("(({ } | rate() > 6)) * 100", "({ } | rate() > 6) * 100"),
    (
      "{ } | max_over_time(duration) > 10s with(sample=0.1, exemplars=true)",
      "{ } | max_over_time(duration) > 10s with(sample=0.1, exemplars=true)"
    ),
  ]

  @Test(arguments: canonical)
  func printsTheCanonicalText(_ text: String, _ expected: String) throws {
    let query = try Query(parsing: text)
    #expect(query.description == expected)
    #expect(try Query(parsing: query.description) == query)
  }

  @Test func anotherProgramIsSentWhatWasWritten() throws {
    #expect(try Query.portable("  {.a}&&{.b}").text == "  {.a}&&{.b}")
    #expect(try Query.portable("{ .a } | duration>800ms").text == "{ .a } | { duration > 800ms }")
  }

  /// Queries that are refused: the message, the column and what is suggested.
  static let refused: [(String, column: Int, message: String, suggestion: String?)] = [
    ("", 1, "query is empty", "{ }"),
    ("{ .a == 4 }", 7, "unexpected", "="),
    ("{ .a <> 4 }", 7, "unexpected", "!="),
    ("{ service.name = \"x\" }", 3, "unknown name \"service.name\"", "resource.service.name"),
    ("{ http.method = \"x\" }", 3, "unknown name \"http.method\"", "span.http.method"),
    ("{ my.own = 1 }", 3, "unknown name \"my.own\"", ".my.own"),
    ("{ durration > 1s }", 3, "unknown name \"durration\"", "duration"),
    ("{ span.id = 1 } | { trace.id = \"x\" }", 21, "unknown name \"trace.id\"", "trace:id"),
    ("{ status = \"error\" }", 3, "cannot stand between a status and a string", "status = error"),
    ("{ duration > \"1s\" }", 3, "cannot stand between a duration and a string", "duration > 1s"),
    ("{ .a = 1 and .b = 2 }", 10, "unexpected \"and\"", "&&"),
    ("{ .a = 1 & .b = 2 }", 10, "unexpected \"&\"", "&&"),
    ("{ .a = 'x' }", 8, "strings are written in double quotes", nil),
    ("{ .a = \"x }", 8, "string is not closed", nil),
    ("{ .a = 1", 1, "this \"{\" is not closed", nil),
    ("{ .a < }", 8, "unexpected \"}\"", nil),
    ("duration > 1s", 1, "a condition stands in braces", "{ duration > 1s }"),
    ("{ } | raet()", 7, "unexpected \"raet\"", "rate("),
    ("{ } | rate() + 5", 14, "unexpected \"+\"", "({ } | rate()) + …"),
    ("rate()", 1, "needs spans before it", "{ } | rate("),
    ("{ status > ok }", 3, "does not apply to a status", nil),
    ("{ span.foo =~ \"[\" }", 15, "invalid regular expression", nil),
    ("{ span.foo =~ \"(a)\\\\1\" }", 15, "back-references", nil),
    ("{ span.foo =~ \"a(?=b)\" }", 15, "look-ahead", nil),
    ("{ span.foo =~ .b }", 15, "needs a string on its right", nil),
    ("{ name = nil }", 3, "never nil", nil),
    ("{ resource.service.name = nil }", 3, "never nil", nil),
    ("{ parent.a = 1 }", 3, "not supported", nil),
    ("{ trace:kind = server }", 3, "trace: has no \"kind\"", "kind"),
    ("{ 1 + 1 }", 3, "must be true or false", nil),
    ("{ } | by(1)", 10, "needs something of the span", nil),
    ("{ } | count()", 7, "must be compared", nil),
    ("{ } | max(name) > 1", 11, "needs a number", nil),
    ("coalesce()", 1, "cannot start with coalesce()", nil),
    ("{ } | topk(5)", 7, "needs a metrics function before it", nil),
    ("{ } | rate() | topk(0)", 21, "needs at least 1", nil),
    ("{ } | rate() by (.a, .b, .c, .d, .e, .f)", 14, "at most 5", nil),
    ("{ } | quantile_over_time(duration, 2)", 36, "between 0 and 1", nil),
    ("{ } | compare({ }) | topk(1)", 1, "compare()", nil),
    ("({ } | rate()) * 10s", 18, "duration", nil),
    ("({ } | rate()) > 10s * 2", 18, "durations cannot be calculated", nil),
    ("{ .n = 99999999999999999999 }", 8, "out of range", nil),
    ("{\n  .a = 1 &&\n  .b ==\n}", 7, "unexpected", "="),
    // Tempo's grammar keeps pipelines in parentheses apart from spans in braces.
    ("({ } | count() > 1) && { }", 24, "stand in parentheses too", "({ })"),
    ("({ } | count() > 1) >> {}", 24, "stand in parentheses too", "({ })"),
    ("{ .a } && ({ } | count() > 1)", 11, "cannot stand on the right", "({ .a } | { }) && …"),
    ("({ .a }) || ({ } | count() > 1)", 13, "cannot stand on the right", "({ .a } | { }) || …"),
    ("({.a=1} | {.z=1}) | by(.b)", 1, "no stage of another one", nil),
    ("{ } | (by(.a))", 7, "no stage of another one", nil),
    ("{ } | (count() > 1)", 7, "no stage of another one", nil),
    ("({ } | count() > 1) | rate()", 1, "no stage of another one", nil),
    ("(({ } | rate()) + 1 > 2) * 2", 21, "outside of parentheses", nil),
    ("(({ } | rate()) | topk(2)) * 2", 17, "outside of parentheses", nil),
  ]

  @Test(arguments: refused)
  func refuses(_ text: String, column: Int, message: String, suggestion: String?) {
    let error = #expect(throws: QueryError.self) { try Query(parsing: text) }
    guard let error else { return }
    #expect(error.message.contains(message), "\(error)")
    #expect(error.column == column, "\(error)")
    #expect(error.suggestion == suggestion, "\(error)")
  }

  @Test func pointsAtTheError() throws {
    let error = #expect(throws: QueryError.self) { try Query(parsing: "{ .a = 1 }\n&& { .é == 2 }") }
    #expect(error?.line == 2)
    #expect(error?.excerpt == "&& { .é == 2 }\n         ^")
  }

  @Test func refusesDeepNesting() {
    for depth in [200, 100_000] {
      let parens = "{ " + String(repeating: "(", count: depth) + "true" + String(repeating: ")", count: depth) + " }"
      #expect(throws: QueryError.self) { try Query(parsing: parens) }
      #expect(throws: QueryError.self) { try Query(parsing: "{ " + String(repeating: "!", count: depth) + "true }") }
      #expect(throws: QueryError.self) { try Query(parsing: String(repeating: "(", count: depth)) }
    }
    let chain = { (count: Int) in "{ " + Array(repeating: ".a", count: count).joined(separator: " || ") + " }" }
    #expect(throws: Never.self) { try Query(parsing: chain(1_000)) }
    #expect(throws: QueryError.self) { try Query(parsing: chain(100_000)) }
  }
}

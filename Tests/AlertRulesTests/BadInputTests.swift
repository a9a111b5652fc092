import AlertRules
import Foundation
import TestSupport
import Testing

/// The table of wrong inputs: each with every error it must give, as `CODE LINE:COLUMN message | suggestion`.
@Suite struct BadInputTests {
  struct Case: Decodable {
    let input: String?
    /// For input that is not UTF-8.
    let base64: String?
    let exit: Int
    let expect: [String]

    var bytes: [UInt8] {
      input.map { Array($0.utf8) } ?? base64.flatMap { Data(base64Encoded: $0) }.map { Array($0) } ?? []
    }
  }

  static func cases() throws -> [Case] {
    try Fixtures.text("rules/bad-inputs.jsonl").split(separator: "\n").map { line in
      try JSONDecoder().decode(Case.self, from: Data(line.utf8))
    }
  }

  @Test func everyBadInputGivesItsErrors() throws {
    let cases = try BadInputTests.cases()
    #expect(cases.count >= 120)
    for one in cases {
      let (set, found) = lint(one.bytes)
      #expect(
        found.filter { !$0.hasPrefix("OG1") && !$0.hasPrefix("OG3") } == one.expect, "\(one.input ?? one.base64 ?? "")")
      #expect(set.hasBadInput == (one.exit == 2), "\(one.input ?? one.base64 ?? "")")
      #expect(set.hasErrors)
    }
  }

  @Test func everyErrorCodeIsInTheTable() throws {
    let seen = Set(try BadInputTests.cases().flatMap(\.expect).map { String($0.prefix(5)) })
    for code in DiagnosticCode.allCases where code.severity == .error && code.rawValue < "OG100" && code != .unreadable
    {
      #expect(seen.contains(code.rawValue), "\(code.rawValue) has no case")
    }
  }

  @Test func everyPrefixOfARuleIsAnErrorAndNoCrash() {
    let rule =
      #"[{"kind":"trace_latency","conditions_json":"{\"service\":\"p\u00e4y\",\"threshold_ms\":8e2}","for":"5m"}]"#
    let bytes = Array(rule.utf8)
    for length in 0..<bytes.count {
      #expect(lint(Array(bytes[..<length])).set.hasErrors, "\(length)")
    }
    #expect(!lint(bytes).set.hasErrors)
  }

  @Test func endlessNonsenseIsGivenUp() {
    let text = String(repeating: "{\"a\" 1}\n", count: 5_000)
    let (set, found) = lint(Array(text.utf8))
    #expect(found.count == 100)
    #expect(set.hasBadInput)
  }

  @Test func randomDamageNeverCrashes() {
    var random = SeededRandom()
    let rule = Array(
      #"{"kind":"trace_error_rate","labels":{"a":"b"},"conditions_json":"{\"service\":\"a\",\"threshold_pct\":1}"}"#
        .utf8)
    for _ in 0..<3_000 {
      var bytes = rule
      for _ in 0..<(1 + random.next() % 3) {
        let at = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 3 {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.remove(at: at)
        default: bytes.insert(UInt8(truncatingIfNeeded: random.next() % 128), at: at)
        }
      }
      let (set, _) = lint(bytes)
      for diagnostic in set.diagnostics {
        let range = diagnostic.range ?? 0..<0
        #expect(range.upperBound <= bytes.count, "\(random.note)")
      }
    }
  }

  @Test func positionsInsideAStringPointIntoTheFile() {
    let text =
      "{\"kind\":\"trace_latency\",\n\"conditions_json\":\"{\\\"service\\\":\\\"é\\\\u00e9\\\",\\n\\\"window\\\":\\\"x\\\",\\\"threshold_ms\\\":1}\"}"
    let (set, _) = lint(Array(text.utf8))
    #expect(set.diagnostics.count == 1)
    let range = set.diagnostics[0].range ?? 0..<0
    #expect(set.sources[0].text(range) == "\\\"x\\\"")
    #expect(set.sources[0].place(of: range.lowerBound).line == 2)
  }

  @Test func problemsOfAllSourcesAreReported() {
    let sources = [
      RuleSource(name: "a.json", bytes: Array("{".utf8)), RuleSource(name: "b.json", bytes: Array("{}".utf8)),
      RuleSource(name: "c.json", bytes: Array(#"{"kind":"x"}"#.utf8)),
    ]
    var set = RuleSet(reading: sources, serviceLabel: "service_name")
    set.addUnreadable("d.json", "cannot be read")
    set.sortDiagnostics()
    #expect(set.diagnostics.map { set.sources[$0.source].name } == ["a.json", "b.json", "c.json", "d.json"])
  }

  @Test func scopeMayUseTheLabelThatTheServiceDoesNotUse() {
    let text =
      #"{"kind":"trace_latency","scope_type":"host","scope":{"service_name":"x"},"conditions_json":{"service":"a","threshold_ms":5}}"#
    #expect(lint(Array(text.utf8)).set.hasErrors)
    #expect(!lint(Array(text.utf8), serviceLabel: "service").set.hasErrors)
  }
}

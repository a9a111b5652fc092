import AlertRules
import Foundation
import TestSupport
import Testing

/// Each line of the linter with an input that it accepts and one that it refuses.
@Suite struct LintLineTests {
  struct Line: Decodable {
    let line: String
    let code: String
    let accepted: String
    let refused: String
    /// What the message or its suggestion must hold.
    let message: String?
    let severities: [String]?
    let labels: [String]?
    let annotations: [String]?
  }

  static func lines() throws -> [Line] {
    try Fixtures.text("rules/lint-lines.jsonl").split(separator: "\n").map { line in
      try JSONDecoder().decode(Line.self, from: Data(line.utf8))
    }
  }

  @Test func everyLineAcceptsAndRefuses() throws {
    let lines = try Self.lines()
    #expect(lines.count >= 50)
    for line in lines {
      let project = ProjectRules(
        severities: line.severities ?? [], labels: line.labels ?? [], annotations: line.annotations ?? [])
      let options = LintOptions(project: project)
      let accepted = lint(Array(line.accepted.utf8), options: options).found
      #expect(!accepted.contains { $0.hasPrefix(line.code) }, "\(line.line): \(accepted)")
      #expect(!accepted.contains { $0.prefix(4) == "OG00" }, "\(line.line): \(accepted)")
      let refused = lint(Array(line.refused.utf8), options: options).found
      #expect(
        refused.contains { found in found.hasPrefix(line.code) && line.message.map { found.contains($0) } ?? true },
        "\(line.line): \(refused)")
    }
  }

  @Test func everyWarningHasALine() throws {
    let seen = Set(try Self.lines().map(\.code))
    for code in DiagnosticCode.allCases where code.severity == .warning {
      #expect(seen.contains(code.rawValue), "\(code.rawValue) has no line")
    }
  }

  /// A name in any script keeps its letters.
  @Test func namesKeepTheirLetters() throws {
    let rules = ["支付服务", "платежи", "paiements-à-crédit"].map {
      "{\"kind\":\"trace_latency\",\"conditions_json\":{\"service\":\"\($0)\",\"threshold_ms\":512}}"
    }
    var taken: Set<String> = []
    let names = lint(Array(rules.joined().utf8)).set.rules.map {
      AlertIdentity(of: $0, profile: .tempo, taken: &taken).name
    }
    #expect(names == ["支付服务LatencyP95", "ПлатежиLatencyP95", "PaiementsÀCréditLatencyP95"])
  }
}

import Foundation
import TestSupport
import Testing

/// How a project takes the linter up: project file, baseline, changed lines, corrections.
@Suite struct AdoptionTests {
  static let quiet =
    #"{"kind":"trace_error_rate","rule_key":"%","conditions_json":{"service":"a","operator":"<","threshold_pct":5}}"#

  static func rule(_ key: String) -> String { quiet.replacing("%", with: key) }

  func check(_ directory: TemporaryDirectory, _ options: [String], environment: [String: String] = [:]) throws
    -> ProgramResult
  {
    try Program.run(
      ["compile-rule", "--check", "--strict"] + options, environment: environment, directory: directory.path(""))
  }

  @Test func codesAreIgnored() throws {
    let directory = try TemporaryDirectory()
    try directory.write("r.json", Self.rule("a"))
    #expect(try check(directory, ["r.json"]).status == 1)
    #expect(try check(directory, ["--ignore", "OG109", "r.json"]).status == 0)
    let wrong = try check(directory, ["--ignore", "OG199", "r.json"])
    #expect(wrong.status == 2 && wrong.errors.contains("--ignore 'OG199'"))
    #expect(try check(directory, ["--ignore", "OG006", "r.json"]).errors.contains("errors cannot be ignored"))
  }

  @Test func theProjectFileHoldsOptions() throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path("a/b"), withIntermediateDirectories: true)
    try directory.write("a/b/r.json", Self.rule("a").replacing("\"rule_key\"", with: #""severity":"warn","rule_key""#))
    try directory.write(
      ".ongrid.yaml", "compile-rule:\n  ignore: [OG109]\n  severities: [page, warn]\n  generator: profiles/own.json\n")
    try FileManager.default.createDirectory(atPath: directory.path("profiles"), withIntermediateDirectories: true)
    try directory.write("profiles/own.json", #"{"calls":"my_calls"}"#)
    func run(_ options: [String], environment: [String: String] = [:]) throws -> ProgramResult {
      try Program.run(
        ["compile-rule", "--quiet", "--strict"] + options + ["r.json"], environment: environment,
        directory: directory.path("a/b"))
    }
    #expect(try run([]).status == 0)
    #expect(try run([]).output.contains("rate(my_calls{"))
    // Options win, and so does the environment.
    #expect(try run(["--generator", "tempo"]).output.contains("rate(traces_spanmetrics_calls_total{"))
    #expect(
      try run([], environment: ["ONGRID_GENERATOR": "otel-connector"]).output.contains(
        "traces_span_metrics_calls_total"))
    #expect(try run(["--severities", "page"]).errors.contains("OG121"))
    for (text, message) in [
      ("compile-rule: {ignroe: [OG109]}", ".ongrid.yaml:1:16: unknown option 'ignroe'; did you mean 'ignore'?"),
      ("compile-rule: {prometheus: 'http://x'}", "unknown option 'prometheus'"),
      ("ignore: [OG109]", "options stand under 'compile-rule'"), ("compile-rule: {ignore: [OG1]}", "OG1"),
      ("compile-rule: {strict: maybe}", "strict must be true or false"),
    ] {
      try directory.write(".ongrid.yaml", text)
      let result = try run([])
      #expect(result.status == 2 && result.errors.contains(message), "\(text): \(result.errors)")
    }
    try directory.write("other.yml", "compile-rule: {ignore: [OG109]}")
    #expect(try run(["--config", directory.path("other.yml")]).status == 0)
  }

  @Test func theBaselineKnowsOldFindings() throws {
    let directory = try TemporaryDirectory()
    try directory.write("r.json", Self.rule("a"))
    #expect(try check(directory, ["--baseline", "base.json", "r.json"]).status == 2)
    #expect(try check(directory, ["--baseline", "base.json", "--write-baseline", "r.json"]).status == 0)
    let known = try check(directory, ["--baseline", "base.json", "r.json"])
    #expect(known.status == 0, "\(known.errors)")
    // It does not matter where the rule stands, and a new one is told of.
    try directory.write("r.json", "\n\n" + Self.rule("a") + Self.rule("b").replacing("\"a\"", with: "\"x\""))
    let new = try check(directory, ["--baseline", "base.json", "r.json"])
    #expect(new.status == 1)
    #expect(new.errors.contains("1 error"), "\(new.errors)")
    #expect(!new.errors.contains("r.json:3:1 "))
    // Errors stay where rules are compiled.
    try directory.write("e.json", #"{"kind":"trace_latency","conditions_json":{"service":"a"}}"#)
    #expect(try check(directory, ["--baseline", "e.base", "--write-baseline", "e.json"]).status == 0)
    #expect(try check(directory, ["--baseline", "e.base", "e.json"]).status == 0)
    #expect(
      try Program.run(["compile-rule", "--baseline", "e.base", "e.json"], directory: directory.path("")).status == 1)
    try directory.write("e.base", "{}")
    #expect(try check(directory, ["--baseline", "e.base", "e.json"]).status == 2)
  }

  @Test(.enabled(if: Tools.has("git"))) func onlyChangedRulesAreToldOf() throws {
    let directory = try TemporaryDirectory()
    func git(_ arguments: [String]) throws {
      let result = try Program.run(
        ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"] + arguments,
        executable: "git", environment: ["GIT_CONFIG_GLOBAL": "/dev/null", "HOME": directory.path("")],
        directory: directory.path(""))
      #expect(result.status == 0, "\(result.errors)")
    }
    try git(["init", "-q"])
    try FileManager.default.createDirectory(atPath: directory.path("rules"), withIntermediateDirectories: true)
    try directory.write(
      "rules/old.json", Self.rule("a") + "\n" + Self.rule("b").replacing("\"a\"", with: "\"x\"") + "\n")
    try directory.write("rules/same.json", Self.rule("c").replacing("\"a\"", with: "\"y\""))
    try git(["add", "."])
    try git(["commit", "-qm", "x"])
    func lines(_ options: [String] = []) throws -> [String] {
      let result = try check(directory, ["--since-commit", "HEAD", "rules"] + options)
      return result.errors.split(separator: "\n").filter { $0.contains("[OG109]") }.map {
        $0.split(separator: ":").prefix(2).joined(separator: ":")
      }
    }
    #expect(try lines() == [])
    try directory.write(
      "rules/old.json", Self.rule("a") + "\n" + Self.rule("b").replacing("\"a\"", with: "\"z\"") + "\n")
    #expect(try lines() == ["rules/old.json:2"])
    try directory.write("rules/new.json", Self.rule("d").replacing("\"a\"", with: "\"w\""))
    #expect(try lines() == ["rules/new.json:1", "rules/old.json:2"])
    #expect(try check(directory, ["--since-commit", "nowhere", "rules"]).status == 2)
    #expect(try check(directory, ["--since-commit", "--output=x", "rules"]).status == 2)
    let compiled = try Program.run(
      ["compile-rule", "--since-commit", "HEAD", "rules"], directory: directory.path(""))
    #expect(compiled.status == 2 && compiled.errors.contains("needs --check"))
  }

  @Test func certainProblemsAreCorrected() throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write(
      "r.json",
      #"{"kind":"trace_latency","conditions_json":"{\"service_name\":\"a\",\"quantile\":0.99,\"threshold_ms\":\"512\"}"}"#
    )
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
    try FileManager.default.createSymbolicLink(atPath: directory.path("link.json"), withDestinationPath: "r.json")
    let result = try check(directory, ["--fix", "link.json"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      try String(contentsOfFile: file, encoding: .utf8)
        == #"{"kind":"trace_latency","conditions_json":"{\"service\":\"a\",\"quantile\":\"p99\",\"threshold_ms\":512}"}"#
    )
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: directory.path("link.json")) == "r.json")
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(mode == 0o640)
    let piped = try Program.run(
      ["compile-rule", "--fix"],
      input: #"{"kind":"trace_latency","conditions_json":{"service":"a","threshold_ms":"5"}}"#)
    #expect(piped.status == 2)
  }

  /// What `.pre-commit-hooks.yaml` says is what the command takes.
  @Test func thePreCommitHookIsACall() throws {
    let text = try String(contentsOf: Fixtures.repository.appending(path: ".pre-commit-hooks.yaml"), encoding: .utf8)
    let entry = try #require(text.split(separator: "\n").first { $0.contains("entry:") })
    let words = entry.split(separator: " ").map(String.init).drop { $0 != "compile-rule" }
    let directory = try TemporaryDirectory()
    let file = try directory.write("r.json", Self.rule("a"))
    #expect(try Program.run(Array(words) + [file]).status == 0)
  }

  @Test func sarifCarriesHelpAndFixes() throws {
    let rule = #"{"kind":"trace_latency","conditions_json":{"service":"a","threshold_ms":"512"}}"#
    let result = try Program.run(["compile-rule", "--check", "--diagnostics", "sarif"], input: rule)
    let log = try #require(JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any])
    let run = try #require((log["runs"] as? [[String: Any]])?.first)
    let driver = try #require((run["tool"] as? [String: Any])?["driver"] as? [String: Any])
    let described = try #require((driver["rules"] as? [[String: Any]])?.first)
    #expect((described["help"] as? [String: Any])?["text"] as? String != nil)
    #expect((described["fullDescription"] as? [String: Any])?["text"] as? String != nil)
    let found = try #require((run["results"] as? [[String: Any]])?.first)
    let fix = try #require((found["fixes"] as? [[String: Any]])?.first)
    let change = try #require((fix["artifactChanges"] as? [[String: Any]])?.first)
    let replacement = try #require((change["replacements"] as? [[String: Any]])?.first)
    #expect((replacement["insertedContent"] as? [String: Any])?["text"] as? String == "512")
    #expect((replacement["deletedRegion"] as? [String: Any])?["startColumn"] as? Int == 73)
  }
}

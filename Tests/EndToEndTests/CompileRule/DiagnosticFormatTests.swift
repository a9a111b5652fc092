import Foundation
import TestSupport
import Testing

/// What machines read of the linter's findings.
@Suite struct DiagnosticFormatTests {
  /// Two errors and a warning, in a file whose name needs escaping.
  func check(_ format: String) throws -> (result: ProgramResult, file: String) {
    let directory = try TemporaryDirectory()
    let file = try directory.write(
      "a b,c.json",
      """
      [{"kind":"trace_latency","conditions_json":{"service":"a","threshold_ms":20000}},
       {"kind":"trace_latency","conditions_json":{"service":"a","quantile":"p\\n90","threshold_ms":20000}},
       {"kind":"trace_latency","kind":"trace_latency","conditions_json":{"service":"a%","threshold_ms":1}}]
      """)
    return (try Program.run(["compile-rule", "--check", "--diagnostics", format, file]), file)
  }

  static let validator = Fixtures.repository.appending(path: "Tests/Python/validate_sarif.py").path(
    percentEncoded: false)

  @Test func json() throws {
    let (result, file) = try check("json")
    #expect(result.status == 1)
    #expect(result.errors.isEmpty)
    let found = try #require(JSONSerialization.jsonObject(with: Data(result.stdout)) as? [[String: Any]])
    #expect(found.map { $0["code"] as? String } == ["OG101", "OG012", "OG005"])
    #expect(found.map { $0["line"] as? Int } == [1, 2, 3])
    #expect(found.map { $0["column"] as? Int } == [74, 70, 26])
    #expect(found.map { $0["severity"] as? String } == ["warning", "error", "error"])
    #expect(found[0]["file"] as? String == file)
    #expect(found[1]["replacement"] as? String == "\"p95\"")
  }

  @Test func github() throws {
    let (result, file) = try check("github")
    #expect(result.status == 1)
    let lines = result.output.split(separator: "\n")
    let name = file.replacing(",", with: "%2C")
    #expect(lines.count == 3)
    #expect(
      lines[0].hasPrefix("::warning file=\(name),line=1,col=74,endLine=1,endColumn=79,title=OG101::no latency above"))
    #expect(
      lines[1].hasPrefix(
        #"::error file=\#(name),line=2,col=70,endLine=2,endColumn=77,title=OG012::quantile "p\n90" is"#))
    #expect(lines[2].hasPrefix("::error file=\(name),line=3,col=26,"))
  }

  @Test func sarifPlaces() throws {
    let (result, _) = try check("sarif")
    #expect(result.status == 1)
    let log = try #require(JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any])
    let run = try #require((log["runs"] as? [[String: Any]])?.first)
    let results = try #require(run["results"] as? [[String: Any]])
    #expect(results.map { $0["ruleId"] as? String } == ["OG101", "OG012", "OG005"])
    #expect((results[2]["relatedLocations"] as? [Any])?.count == 1)
    #expect(result.output.contains("a%20b%2Cc.json"))
  }

  @Test(.enabled(if: Tools.hasPython)) func sarifIsValid() throws {
    let inputs = [
      try check("sarif").result.stdout,
      try Program.run(["compile-rule", "--check", "--diagnostics", "sarif"], input: CompileRuleTests.latency).stdout,
      try Program.run(["compile-rule", "--check", "--diagnostics", "sarif"], input: "{").stdout,
      try Program.run(["compile-rule", "--check", "--diagnostics", "sarif", "/nonexistent"]).stdout,
    ]
    for input in inputs {
      let verdict = try Program.run(
        [DiagnosticFormatTests.validator], input: input, executable: Tools.python)
      #expect(verdict.status == 0, "\(verdict.output)\(verdict.errors)")
    }
    let broken = String(decoding: inputs[0], as: UTF8.self).replacing(
      "\"level\": \"error\"", with: "\"level\": \"bad\"")
    let verdict = try Program.run(
      [DiagnosticFormatTests.validator], input: broken, executable: Tools.python)
    #expect(verdict.status == 1, "the validator accepts anything")
  }

  @Test func diagnosticsLeaveStandardOutputToTheRules() throws {
    let rule = CompileRuleTests.latency.replacing("800", with: "20000")
    let result = try Program.run(["compile-rule", "--diagnostics", "json"], input: rule)
    #expect(result.output.split(separator: "\n").count == 1)
    let found = try JSONSerialization.jsonObject(with: Data(result.stderr)) as? [[String: Any]]
    #expect(found?.count == 1)
  }
}

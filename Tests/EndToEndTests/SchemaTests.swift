import Foundation
import TestSupport
import Testing

/// Every JSON document of our own is as its schema in `schemas/` says.
@Suite(.enabled(if: Tools.hasPython)) struct SchemaTests {
  private static let shop = Fixtures.path("otlp/shop.jsonl")
  private static let rule =
    #"{"rule_key":"r","kind":"trace_latency","conditions_json":{"service":"cart","threshold_ms":100}}"#

  /// A call and the schema of what it prints.
  static let calls: [(schema: String, arguments: [String], input: String)] = [
    (
      "spanmetrics", ["spanmetrics", shop, "--exemplars", "--service-graph", "--size", "histogram", "--target-info"], ""
    ),
    ("spanmetrics", ["spanmetrics", shop, "--size", "total"], ""), ("spanmetrics", ["spanmetrics"], "{}"),
    ("traceql-info", ["traceql", "--info", shop], ""),
    ("traceql-info", ["traceql", "--info", Fixtures.path("formats"), Fixtures.path("cases")], ""),
    ("traceql-search", ["traceql", "{ status = error } | by(resource.service.name)", shop], ""),
    ("traceql-metrics", ["traceql", "{ } | rate() by (span.db.rows) with(exemplars=true)", shop], ""),
    ("traceql-metrics", ["traceql", "{ } | rate()", "--instant", "--start", "2026-11-23", shop], ""),
    ("traceql-tags", ["traceql", "--tags", shop], ""),
    ("traceql-tag-values", ["traceql", "--tag-values", "span.db.rows", shop], ""),
    ("compile-rule", ["compile-rule", "--format", "json"], rule),
    ("compile-rule", ["compile-rule", "--format", "json"], "[\(rule),{},{\"kind\":\"x\"}]"),
    ("diagnostics", ["compile-rule", "--check", "--diagnostics", "json"], "[\(rule),{}]"),
    ("diagnostics", ["compile-rule", "--check", "--diagnostics", "json", "/nowhere"], ""),
  ]

  @Test("documents are as their schemas say")
  func documents() throws {
    for (schema, arguments, input) in Self.calls {
      let result = try Program.run(arguments, input: input)
      let verdict = try Tools.validate(result.stdout, schema: schema)
      #expect(verdict.status == 0, "\(arguments): \(verdict.output)\(result.errors)")
      // What is needed is missed where it is not there.
      let text = result.output
      guard let key = text.firstRange(of: /"[a-z_]+":/) else { continue }
      let broken = text.replacing(text[key], with: "\"other\":")
      #expect(try Tools.validate(Array(broken.utf8), schema: schema).status == 1, "\(arguments): without \(text[key])")
    }
  }

  @Test("rules that are put to a Prometheus")
  func live() throws {
    let server = try StubServer { request in
      let samples = (0..<5).map { "[\(1_795_400_000 + 60 * $0),\"\($0 * 50)\"]" }.joined(separator: ",")
      return .text(
        200,
        request.path.contains("query_range")
          ? #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[\#(samples)]}]}}"#
          : #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1795400000,"150"]}]}}"#)
    }
    for (schema, option) in [("evaluation", ["--eval"]), ("backtest", ["--backtest", "1h"])] {
      let result = try Program.run(
        ["compile-rule", "--format", "json", "--prometheus", server.url, "--end", "2026-11-23T08:00:00Z"] + option,
        input: Self.rule)
      let verdict = try Tools.validate(result.stdout, schema: schema)
      #expect(verdict.status == 0, "\(verdict.output)\(result.errors)")
    }
  }

  @Test("log lines, with fields for what was skipped, passed over and not understood")
  func logLines() throws {
    let files = ["torn.otlp", "mixed-signals.jsonl", "unknown-content.json"].map { Fixtures.path("cases/\($0)") }
    for command in [["spanmetrics"], ["traceql", "{ }"]] {
      let result = try Program.run(command + files + ["--skip-bad", "--log-format", "json"])
      let verdict = try Tools.validate(Array(result.errors.utf8), schema: "log", lines: true)
      #expect(verdict.status == 0, "\(verdict.output)\(result.errors)")
      for field in [
        #""metrics":"1","log_records":"1""#, #""not_understood":"1","first":"#, #""bad_records":"1","first":"#,
      ] { #expect(result.errors.contains(field), "\(result.errors)") }
      // For people the message says it once.
      let plain = try Program.run(command + files + ["--skip-bad"])
      #expect(!plain.errors.contains("bad_records="), "\(plain.errors)")
    }
  }
}

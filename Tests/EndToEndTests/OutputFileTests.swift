import Foundation
import TestSupport
import Testing

/// `-o FILE` in every command.
@Suite struct OutputFileTests {
  private static let shop = Fixtures.path("otlp/shop.jsonl")
  private static let rule =
    #"{"rule_key":"r","kind":"trace_latency","conditions_json":{"service":"cart","threshold_ms":100,"operation":"GET"}}"#

  static let calls: [(arguments: [String], input: String)] = [
    (["traceql", "{ status = error }", shop], ""), (["traceql", "--info", shop], ""), (["spanmetrics", shop], ""),
    (["relay", "--once", "--to", "-", shop], ""), (["compile-rule"], rule), (["help", "relay"], ""),
    (["completions", "bash"], ""),
    (["correlate", "--service", "cart", "--at", "2026-11-23T06:58:00Z", "--from", shop], ""),
  ]

  @Test("what stands in the file is what standard output would have had; links are followed, and the mode is kept")
  func everyCommand() throws {
    for (arguments, input) in Self.calls {
      let directory = try TemporaryDirectory()
      let target = try directory.write("target", Array("old".utf8))
      try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: target)
      let link = directory.path("link")
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "target")
      let direct = try Program.run(arguments, input: input)
      let result = try Program.run(arguments + ["-o", link], input: input)
      #expect(result.status == direct.status, "\(arguments): \(result.errors)")
      #expect(result.stdout.isEmpty)
      let written = try String(contentsOfFile: target, encoding: .utf8)
      // A document of correlate says how long it took.
      if arguments[0] == "correlate" {
        #expect(written.hasPrefix(#"{"version":2,"#) && written.hasSuffix("}\n"))
      } else {
        #expect(written == direct.output, "\(arguments)")
      }
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "target")
      let attributes = try FileManager.default.attributesOfItem(atPath: target)
      #expect(attributes[.posixPermissions] as? Int == 0o640)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path).sorted() == ["link", "target"])
    }
  }

  @Test("a run that fails leaves the file as it was, and one that cannot write says so before it works")
  func failures() throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write("a", Array("old".utf8))
    for (arguments, status) in [
      (["traceql", "{ }", "/nowhere"], 2), (["traceql", "{ status = eror }", Self.shop], 2),
      (["traceql", "{ status = error }", "--tempo", "http://127.0.0.1:1", "--timeout", "1s"], 3),
      (["traceql", "--trace-id", "abc", Self.shop], 1),
    ] as [([String], Int32)] {
      let result = try Program.run(arguments + ["-o", file])
      #expect(result.status == status, "\(result.errors)")
      #expect(try String(contentsOfFile: file, encoding: .utf8) == "old")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["a"])
    let refused = try Program.run(["traceql", "{ }", Self.shop, "-o", "/nowhere/a"])
    #expect(refused.status == 2)
    #expect(refused.errors.contains("cannot write /nowhere/a: No such file or directory"), "\(refused.errors)")
    let running = try Program.run(["relay", "--to", "-", "-o", file])
    #expect(running.status == 2)
    #expect(running.errors.contains("--to file:PATH"))
    // What is wrong with the rules is the result.
    let report = try Program.run(["compile-rule", "--check", "--diagnostics", "json", "-o", file], input: "{")
    #expect(report.status == 2)
    #expect(try String(contentsOfFile: file, encoding: .utf8).contains("OG001"))
  }
}

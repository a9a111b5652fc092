import Foundation
import TestSupport
import Testing

/// Nothing is lost, cut, skipped or assumed without a word.
@Suite struct SilenceTests {
  private let query = ["traceql", "{ }"]

  @Test("what is not understood is said, exit 4, and the file stays")
  func unknownContent() throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write("a.json", Fixtures.bytes("cases/unknown-content.json"))
    for command in [["spanmetrics", file], query + [file], ["traceql", "--info", file]] {
      let result = try Program.run(command)
      #expect(result.status == 4, "\(command): \(result.errors)")
      #expect((result.errors + result.output).contains("somethingSpans"))
    }
    let relayed = try Program.run(["relay", "--once", "--delete", "--to", "-", file])
    #expect(relayed.status != 0)
    #expect(relayed.errors.contains("somethingSpans"))
    #expect(FileManager.default.fileExists(atPath: file))
  }

  @Test("Jaeger's ids may be any text: the same text is the same trace, and it is said")
  func madeIDs() throws {
    func span(_ trace: String, _ id: String, _ parent: String?) -> String {
      let reference = parent.map { #"{"refType":"CHILD_OF","traceID":"\#(trace)","spanID":"\#($0)"}"# } ?? ""
      return
        #"{"traceID":"\#(trace)","spanID":"\#(id)","operationName":"o","startTime":1,"references":[\#(reference)]}"#
    }
    let spans = [span("trace-1", "a span", nil), span("trace-1", "b", "a span"), span("trace-2", "a span", nil)]
    let text = spans.map { #"{"spans":[\#($0)],"processes":{}}"# }.joined(separator: "\n")
    let info = try Program.run(["traceql", "--info", "-"], input: text)
    #expect(info.status == 0)
    #expect(info.output.contains(#""traces":2,"spans":3,"#))
    #expect(info.output.contains(#"\"trace-1\" is no id in hexadecimal digits"#), "\(info.output)")
    let child = try Program.run(["traceql", "{ } > { }", "-"], input: text)
    #expect(child.output.contains(#""matched":1"#), "\(child.output)")
    #expect(child.errors.contains("stdin:1: \"trace-1\" is no id in hexadecimal digits"), "\(child.errors)")
    let found = try Program.run(["traceql", "--trace-id", "trace-1", "-"], input: text)
    #expect(found.output.components(separatedBy: #""spanId""#).count == 3, "\(found.errors)")
    let relayed = try Program.run(["relay", "--once", "--to", "-"], input: text)
    #expect(relayed.status == 0 && relayed.errors.contains("trace-1"), "\(relayed.errors)")
  }

  @Test("a field of protobuf that nobody knows is said")
  func unknownFields() throws {
    let request = try Fixtures.bytes("formats/otlp-old-names.pb")
    for field in [[0x12, 0x02, 0x0a, 0x00], [0x0a, 0x05, 0x2a, 0x03, 0x61, 0x62, 0x63]] as [[UInt8]] {
      let result = try Program.run(["spanmetrics", "-"], input: request + field)
      #expect(result.status == 4)
      #expect(result.errors.contains("is not known and was not read"), "\(result.errors)")
    }
  }

  @Test("other signals are passed over and counted")
  func mixedSignals() throws {
    let file = Fixtures.path("cases/mixed-signals.jsonl")
    for command in [["spanmetrics", file], query + [file]] {
      let result = try Program.run(command)
      #expect(result.status == 0)
      #expect(result.errors.contains("1 metric and 1 log record"), "\(result.errors)")
    }
  }

  @Test("of a torn stream the whole spans are kept")
  func torn() throws {
    let result = try Program.run(["traceql", "--info", Fixtures.path("cases/torn.otlp")])
    #expect(result.output.contains("\"spans\":2"))
    #expect(result.status == 4)
  }

  @Test("a spool file that is cut or still written stays, and nothing of it is sent")
  func growing() throws {
    let directory = try TemporaryDirectory()
    let lines = try Fixtures.bytes("otlp/shop.jsonl")
    let file = try directory.write("a.jsonl", lines.prefix(lines.count / 2))
    let cut = try Program.run(["relay", "--once", "--delete", "--to", "-", file])
    #expect(cut.status == 2, "\(cut.errors)")
    #expect(cut.stdout.isEmpty)
    #expect(cut.errors.contains("nothing of the file was delivered"))
    let writer = try FileHandle(forWritingTo: URL(filePath: file))
    try writer.seekToEnd()
    try writer.write(contentsOf: Data(lines.suffix(lines.count - lines.count / 2)))
    #if os(Linux)
      let held = try Program.run(["relay", "--once", "--delete", "--to", "-", file])
      #expect(held.stdout.isEmpty)
      #expect(held.errors.contains("still being written"))
      #expect(FileManager.default.fileExists(atPath: file))
    #endif
    try writer.close()
    // Programs that were started meanwhile have the file open for writing until they run.
    let whole = try waitUntil("the file to be at rest") {
      let result = try Program.run(["relay", "--once", "--delete", "--to", "-", file])
      return result.stdout.isEmpty ? nil : result
    }
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(!whole.stdout.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: file))
  }

  @Test("a file read in part is set aside, not deleted")
  func setAside() throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write("a.otlp", Fixtures.bytes("cases/torn.otlp"))
    let result = try Program.run(["relay", "--once", "--delete", "--skip-bad", "--to", "-", directory.url.path])
    #expect(result.status == 4, "\(result.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["a.otlp.bad"])
    #expect(!FileManager.default.fileExists(atPath: file))
    let again = try Program.run(["relay", "--once", "--delete", "--skip-bad", "--to", "-", directory.url.path])
    #expect(again.stdout.isEmpty)
    #expect(again.errors.contains("set aside"))
  }

  @Test("several trace ids, in the order asked for, also from standard input and from JSON")
  func traceIDs() throws {
    let shop = Fixtures.path("otlp/shop.jsonl")
    let found = try Program.run(["traceql", "{ }", "-n", "3", shop])
    #expect(found.errors.contains("there may be more"))
    let traces = try JSONSerialization.jsonObject(with: Data(found.stdout)) as? [String: Any]
    let ids = (traces?["traces"] as? [[String: Any]] ?? []).compactMap { $0["traceID"] as? String }
    try #require(ids.count == 3)
    let words = ids.reversed().flatMap { ["--trace-id", $0] }
    let direct = try Program.run(["traceql"] + words + [shop])
    #expect(direct.output.split(separator: "\n").count == 3)
    #expect(direct.output.hasPrefix(#"{"batches":"#))
    let piped = try Program.run(["traceql", "--trace-id", "-", shop], input: found.output)
    #expect(Set(piped.output.split(separator: "\n")) == Set(direct.output.split(separator: "\n")))
    let listed = try Program.run(
      ["traceql", "--trace-id", "-", shop], input: ids.reversed().joined(separator: "\n") + "\n")
    #expect(listed.output == direct.output)
    let partly = try Program.run(["traceql", "--trace-id", ids[0], "--trace-id", "abc", shop])
    #expect(partly.status == 4)
    #expect(partly.errors.contains("abc"))
    #expect(try Program.run(["traceql", "--trace-id", "abc", shop]).status == 1)
    // What is printed can be read again.
    let again = try Program.run(["traceql", "--info", "-"], input: direct.output)
    #expect(again.output.contains("\"traces\":3"))
  }

  @Test("files win over a server in the environment; a merely redirected input does not, which is said")
  func environment() throws {
    let server = try StubServer { _ in .text(200, #"{"traces":[]}"#) }
    let environment = ["ONGRID_TEMPO_URL": server.url]
    let shop = Fixtures.path("otlp/shop.jsonl")
    let bytes = try Fixtures.bytes("otlp/shop.jsonl")
    let query = ["traceql", "{ status = error }", "--exit-status"]
    for arguments in [[shop], ["--from", shop], ["-"]] {
      let result = try Program.run(query + arguments, input: bytes, environment: environment)
      #expect(result.status == 0, "\(arguments): \(result.errors)")
    }
    #expect(server.requests.isEmpty)
    let redirected = try Program.run(query, environment: environment, stdin: .file(shop))
    #expect(redirected.status == 1)
    #expect(redirected.errors.contains("standard input was not read"))
    #expect(redirected.errors.contains("in the last 1h"))
    let quiet = try Program.run(query, environment: environment, stdin: .file("/dev/null"))
    #expect(!quiet.errors.contains("standard input"))
    let two = try Program.run(query, environment: environment.merging(["ONGRID_JAEGER_URL": server.url]) { $1 })
    #expect(two.status == 2)
    #expect(two.errors.contains("ONGRID_TEMPO_URL and ONGRID_JAEGER_URL"))
    let file = try Program.run(["traceql", "{ }", shop, "--tempo", server.url])
    #expect(file.status == 2)
  }

  @Test("a check that must find nothing tells finding from failing")
  func failIfFound() throws {
    let shop = Fixtures.path("otlp/shop.jsonl")
    func status(_ arguments: [String]) throws -> Int32 { try Program.run(["traceql"] + arguments).status }
    #expect(try status(["{ status = error }", shop, "--fail-if-found"]) == 1)
    #expect(try status(["{ name = \"nobody\" }", shop, "--fail-if-found"]) == 0)
    #expect(try status(["{ status = eror }", shop, "--fail-if-found"]) == 2)
    #expect(try status(["{ status = error }", "/nowhere", "--fail-if-found"]) == 2)
    #expect(
      try status(["{ status = error }", "--tempo", "http://127.0.0.1:1", "--fail-if-found", "--timeout", "1s"]) == 3)
  }
}

import Foundation
import TestSupport
import Testing

/// `--follow`: inputs that go on, `/metrics`, and the end.
@Suite struct FollowTests {
  /// Starts following; the address under which `/metrics` is served.
  private func start(_ arguments: [String]) throws -> (Program, String) {
    let program = try Program(["spanmetrics", "--follow", "--max-age", "0", "--listen", "127.0.0.1:0"] + arguments)
    let line = try program.waitForLine(containing: "serving /metrics on ")
    let address = try #require(line.split(separator: " ").last)
    return (program, "http://\(address)")
  }

  /// The sum of all calls that `/metrics` shows.
  private func calls(_ url: String) throws -> Double {
    let text = String(decoding: try get("\(url)/metrics"), as: UTF8.self)
    return text.split(separator: "\n").filter { $0.hasPrefix("traces_spanmetrics_calls_total{") }
      .reduce(0) { $0 + (Double($1.split(separator: " ").last ?? "") ?? 0) }
  }

  private func append(_ bytes: some Sequence<UInt8>, to path: String) throws {
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(bytes))
    try handle.close()
  }

  @Test func filesGrowAndAreReplaced() throws {
    let directory = try TemporaryDirectory()
    let json = Array(try Fixtures.bytes("otlp/shop.jsonl"))
    let half = try #require(json[(json.count / 2)...].firstIndex(of: 0x0A)) + 1
    let path = try directory.write("traces.jsonl", json[..<half])
    let other = try directory.write("other.otlp", [])
    let (program, url) = try start(["--interval", "100ms", path, other])
    try waitUntil("the first half") { try calls(url) > 0 }
    // A record may be written in several pieces.
    let cut = half + 1000
    try append(json[half..<cut], to: path)
    try append(json[cut...], to: path)
    try waitUntil("the whole file") { try calls(url) == 1948 }
    try append(Fixtures.bytes("otlp/shop.otlp"), to: other)
    try waitUntil("the second file") { try calls(url) == 2 * 1948 }
    let fresh = try directory.write("new", json)
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.moveItem(atPath: fresh, toPath: path)
    try waitUntil("the replaced file") { try calls(url) == 3 * 1948 }
    program.send(SIGTERM)
    let result = try program.wait()
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test func filesAreTruncatedRemovedAndMadeAnew() throws {
    let json = try Fixtures.bytes("otlp/shop.jsonl")
    let path = try TemporaryDirectory().write("traces.jsonl", json)
    let (program, url) = try start([path])
    try waitUntil("the file") { try calls(url) == 1948 }
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.truncate(atOffset: 0)
    try handle.close()
    let half = json[..<(try #require(json[(json.count / 2)...].firstIndex(of: 0x0A)) + 1)]
    let part = try Program.run(["spanmetrics"], input: Array(half))
    let document = try #require(try JSONSerialization.jsonObject(with: Data(part.stdout)) as? [String: Any])
    let spans = try #require(document["spans"] as? Double)
    try append(half, to: path)
    try waitUntil("the second content") { try calls(url) == 1948 + spans }
    try FileManager.default.removeItem(atPath: path)
    #expect(try calls(url) == 1948 + spans)
    try Data(json).write(to: URL(filePath: path))
    try waitUntil("the third content") { try calls(url) == 2 * 1948 + spans }
    program.send(SIGTERM)
    #expect(try program.wait().status == 0)
  }

  /// A directory where nothing can be written for a while does not end it; counters go on where they were.
  @Test func aFileThatCannotBeWrittenIsTriedAgain() throws {
    let directory = try TemporaryDirectory()
    let sub = directory.url.appending(path: "textfile")
    try FileManager.default.createDirectory(at: sub, withIntermediateDirectories: true)
    let path = sub.appending(path: "spans.prom").path(percentEncoded: false)
    let (program, _) = try start([
      "--interval", "50ms", "--format", "prometheus", "--output", path, Fixtures.path("otlp/shop.otlp"),
    ])
    func isWritten() -> Bool? { FileManager.default.fileExists(atPath: path) ? true : nil }
    try waitUntil("the first write", isWritten)
    try FileManager.default.removeItem(at: sub)
    _ = try program.waitForLine(containing: "cannot write \(path)")
    try FileManager.default.createDirectory(at: sub, withIntermediateDirectories: true)
    try waitUntil("another write", isWritten)
    program.send(SIGTERM)
    #expect(try program.wait().status == 0)
  }

  /// The page comes as the reader asks for it.
  @Test(arguments: [
    ("", "text/plain; version=0.0.4", "traces_spanmetrics_calls_total{"),
    ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/plain; version=0.0.4", "traces_spanmetrics_calls_total{"),
    ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "application/openmetrics-text", "# EOF"),
    (
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,*/*;q=0.1",
      "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
      "traces_spanmetrics_latency"
    ),
    (
      "application/vnd.google.protobuf;proto=other;encoding=text,text/plain;q=0.2", "text/plain; version=0.0.4",
      "# TYPE"
    ),
  ])
  func pagesAreWrittenAsAsked(_ accept: String, _ type: String, _ part: String) throws {
    let (program, url) = try start([Fixtures.path("otlp/shop.otlp")])
    try waitUntil("the file") { try calls(url) == 1948 }
    let directory = try TemporaryDirectory()
    for arguments in [[], ["--compressed"]] {
      let fields = accept.isEmpty ? ["-H", "Accept:"] : ["-H", "Accept: \(accept)"]
      let result = try Program.run(
        ["-sS", "--noproxy", "*", "-D", directory.path("head")] + fields + arguments + ["\(url)/metrics"],
        executable: "curl")
      let head = try String(contentsOfFile: directory.path("head"), encoding: .utf8).lowercased()
      #expect(head.contains("content-type: \(type.lowercased())"), "\(head)")
      #expect(head.contains("content-encoding: gzip") == !arguments.isEmpty)
      #expect(String(decoding: result.stdout, as: UTF8.self).contains(part))
    }
    program.send(SIGTERM)
    try program.wait()
  }

  @Test func aFileThatIsNotThereYetIsWaitedFor() throws {
    let directory = try TemporaryDirectory()
    let (program, url) = try start([directory.path("later.jsonl")])
    #expect(try calls(url) == 0)
    try directory.write("later.jsonl", Fixtures.bytes("otlp/shop.jsonl"))
    try waitUntil("the file") { try calls(url) == 1948 }
    program.send(SIGTERM)
    #expect(try program.wait().status == 0)
  }

  @Test func aReceiverThatIsDownHoldsUpNobody() throws {
    let receiver = try StubServer { _ in .text(503, "later") }
    let path = Fixtures.path("otlp/shop.otlp")
    let (program, url) = try start(["--interval", "2s", "--remote-write", receiver.url, path])
    try waitUntil("the file") { try calls(url) == 1948 }
    try waitUntil("a failed write") { !receiver.requests.isEmpty }
    // The write is being tried again; the page shows what it showed before.
    #expect(try calls(url) == 1948)
    program.send(SIGTERM)
    program.send(SIGTERM)
    try waitUntil("the end") {
      program.send(SIGTERM)
      return program.isRunning ? nil : true
    }
    let result = try program.wait()
    #expect(result.status == 3, "\(result.errors)")
    #expect(result.errors.contains("503"))
  }

  @Test func aPipeEndsWithItsWriters() throws {
    let program = try Program(["spanmetrics", "--follow", "--interval", "1h", "--service-graph", "-f", "json"])
    program.write(try Fixtures.bytes("otlp/shop.otlp"))
    program.closeInput()
    let result = try program.wait()
    #expect(result.status == 0, "\(result.errors)")
    let once = try Program.run(["spanmetrics", "--service-graph", Fixtures.path("otlp/shop.otlp")])
    #expect(result.output == once.output)
  }

  /// What was whole is counted and written; that more was meant to come is an error.
  @Test(arguments: ["otlp/shop.otlp", "otlp/shop.jsonl"])
  func aPipeThatEndsInsideARecordIsAnError(_ fixture: String) throws {
    let program = try Program(["spanmetrics", "--follow", "--interval", "1h", "-f", "json"])
    program.write(Array(try Fixtures.bytes(fixture).prefix(200_000)))
    program.closeInput()
    let result = try program.wait()
    #expect(result.status == 2)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains("stdin"), "\(result.errors)")
    let document = try #require(try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any])
    #expect(document["spans"] as? Int ?? 0 > 100)
  }

  @Test func whatDoesNotMoveIsDropped() throws {
    let lines = try Fixtures.text("otlp/shop.jsonl").split(separator: "\n")
    let path = try TemporaryDirectory().write("traces.jsonl", String(lines[0]) + "\n")
    let (program, url) = try start(["--interval", "50ms", "--stale-after", "300ms", path])
    try waitUntil("the first record") { try calls(url) > 0 }
    try waitUntil("its end") { try calls(url) == 0 }
    try append(Array("\(lines[0])\n".utf8), to: path)
    try waitUntil("its return") { try calls(url) > 0 }
    program.send(SIGINT)
    #expect(try program.wait().status == 0)
  }

  @Test func badRecordsEndItUnlessSkipped() throws {
    let program = try Program(["spanmetrics", "--follow", "--interval", "1h"])
    program.write(Array("{\"resourceSpans\":7}\n{}\n".utf8))
    let result = try program.wait()
    #expect(result.status == 2)
    #expect(result.errors.contains("stdin:1"))
    let missing = try Program.run(["spanmetrics", "--follow", "/no/such/file"])
    #expect(missing.status == 2)
  }
}

import Foundation
import TestSupport
import Testing

/// `ongrid traceql --follow`.
@Suite struct FollowTests {
  /// A request with one span, as a line of OTLP/JSON.
  static func line(trace: Int, span: Int, parent: Int? = nil, name: String, error: Bool = false) -> [UInt8] {
    func id(_ number: Int, _ digits: Int) -> String { String(format: "%0\(digits)x", number) }
    let status = error ? ",\"status\":{\"code\":2}" : ""
    let above = parent.map { ",\"parentSpanId\":\"\(id($0, 16))\"" } ?? ""
    return Array(
      """
      {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"till"}}]},\
      "scopeSpans":[{"spans":[{"traceId":"\(id(trace, 32))","spanId":"\(id(span, 16))"\(above),"name":"\(name)","kind":2,\
      "startTimeUnixNano":"1795417100000000000","endTimeUnixNano":"1795417100250000000"\(status)}]}]}]}

      """.utf8)
  }

  @Test func singleSpansAreAnsweredAtOnceWhileThePipeStaysOpen() throws {
    let program = try Program(["traceql", "--follow", "{ status = error }"])
    program.write(Self.line(trace: 1, span: 1, name: "fine"))
    program.write(Self.line(trace: 1, span: 2, name: "broken", error: true))
    let line = try program.waitForLine(containing: "broken")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["traceID"] as? String == "00000000000000000000000000000001")
    #expect(program.isRunning)
    program.closeInput()
    let result = try program.wait()
    #expect(result.status == 0 && result.output.split(separator: "\n").count == 1, "\(result.errors)")
  }

  @Test func tracesAreJudgedWhenTheyHaveRested() throws {
    let program = try Program(
      ["traceql", "--follow", "{ name = \"root\" } > { status = error }", "--settle", "50ms", "-f", "table", "--utc"])
    program.write(Self.line(trace: 1, span: 1, name: "root"))
    program.write(Self.line(trace: 2, span: 1, name: "root"))
    program.write(Self.line(trace: 1, span: 2, parent: 1, name: "child", error: true))
    let line = try program.waitForLine(containing: "till")
    #expect(
      line == "2026-11-23 06:58:20.000  00000000000000000000000000000001  till  root  250ms  1 of 2 spans, 1 error",
      "\(line)")
    program.closeInput()
    #expect(try program.wait().output.split(separator: "\n").count == 1)
  }

  @Test func whatHasNotRestedIsJudgedAtTheEnd() throws {
    let lines =
      Self.line(trace: 1, span: 1, name: "root") + Self.line(trace: 1, span: 2, parent: 1, name: "x", error: true)
    let result = try Program.run(
      ["traceql", "--follow", "{ } > { status = error }", "--settle", "1h", "-f", "table", "--utc"], input: lines)
    #expect(result.status == 0 && result.output.contains("1 of 2 spans"), "\(result.output)\(result.errors)")
    #expect(
      try Program.run(["traceql", "--follow", "{ } >> { name = \"no\" }", "--exit-status"], input: lines).status == 1)
  }

  @Test func aGrowingFileIsFollowedAndASignalEndsIt() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "follow-\(UUID().uuidString).jsonl")
    defer { try? FileManager.default.removeItem(at: path) }
    try Data(Self.line(trace: 1, span: 1, name: "first", error: true)).write(to: path)
    let program = try Program([
      "traceql", "--follow", "{ status = error }", "-f", "table", "--utc", path.path(percentEncoded: false),
    ])
    try program.waitForLine(containing: "first")
    let file = try FileHandle(forWritingTo: path)
    try file.seekToEnd()
    try file.write(contentsOf: Self.line(trace: 2, span: 1, name: "second", error: true))
    try program.waitForLine(containing: "second")
    // Another file under the same name.
    try FileManager.default.removeItem(at: path)
    try Data(Self.line(trace: 3, span: 1, name: "third", error: true)).write(to: path)
    try program.waitForLine(containing: "third")
    program.send(SIGTERM)
    #expect(try program.wait().status == 0)
  }

  @Test(arguments: [
    (["{ } | rate()"], "--follow needs a search"), (["{ }", "a", "b"], "--follow reads one file or pipe"),
    (["{ }", "-f", "plot"], "does not suit"), (["{ }", "--tempo", "http://localhost:1"], "not --tempo"),
  ])
  func refusesWhatCannotBeFollowed(_ arguments: [String], _ message: String) throws {
    let result = try Program.run(["traceql", "--follow"] + arguments)
    #expect(result.status == 2 && result.errors.contains(message), "\(result.errors)")
  }
}

import Backends
import Foundation
import TestSupport
import Testing

/// A process beside a relay: outages, lost answers, restarts, other processes.
@Suite(.serialized) struct RunningAllDayTests {
  private static let calls = "traces_spanmetrics_calls_total"

  /// A line with `count` spans of `service` that have just ended, each of a kind of its own among `names`.
  static func line(_ service: String, count: Int, names: Int = 3, ago: Double = 0, from: Int = 0) -> String {
    let end = Int((Date().timeIntervalSince1970 - ago) * 1e9)
    let spans = (from..<from + count).map { index in
      """
      {"traceId":"\(String(format: "%032x", index + 1))","spanId":"\(String(format: "%016x", index + 1))",\
      "name":"op-\(index % names)","kind":2,"startTimeUnixNano":"\(end - 1_000_000)","endTimeUnixNano":"\(end)"}
      """
    }
    return """
      {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"\(service)"}}]},\
      "scopeSpans":[{"spans":[\(spans.joined(separator: ","))]}]}]}

      """
  }

  static func append(_ text: String, to path: String) throws {
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text.utf8))
    try handle.close()
  }

  private func follow(_ arguments: [String]) throws -> Program {
    try Program(["spanmetrics", "--follow", "--interval", "200ms"] + arguments)
  }

  // MARK: - Remote write

  /// The answer to every third request is lost, in one way or another; some requests are not taken at all.
  @Test func lostAnswersLoseNothing() throws {
    let receiver = try ModelReceiver(fault: { number in
      [.none, .none, .dropAnswer, .none, .gatewayTimeout, .none, .unavailable, .none][number % 8]
    })
    let path = try TemporaryDirectory().write("t.jsonl", "")
    let program = try follow(["--remote-write", receiver.url, path])
    for round in 0..<8 {
      try Self.append(Self.line("s\(round)", count: 10), to: path)
      try waitUntil("round \(round)") { receiver.increase(Self.calls) == Double(10 * (round + 1)) ? true : nil }
    }
    program.send(SIGTERM)
    let result = try program.wait()
    #expect(result.status == 0, "\(result.errors)")
    #expect(receiver.increases(Self.calls).count == 24)
    #expect(receiver.increase(Self.calls) == 80)
    #expect(receiver.increase("traces_spanmetrics_latency_count") == 80)
  }

  /// A series that the receiver does not take holds up no other.
  @Test func oneRefusedSeriesHoldsUpNoOther() throws {
    let receiver = try ModelReceiver(refuses: { $0.contains("span_name=op-1,") && $0.contains(Self.calls) })
    let path = try TemporaryDirectory().write("t.jsonl", "")
    let program = try follow(["--remote-write", receiver.url, path])
    try Self.append(Self.line("a", count: 30), to: path)
    try waitUntil("the others") { receiver.increase(Self.calls) == 20 ? true : nil }
    try Self.append(Self.line("a", count: 30), to: path)
    try waitUntil("the others again") { receiver.increase(Self.calls) == 40 ? true : nil }
    try waitUntil("the whole histogram") { receiver.increase("traces_spanmetrics_latency_count") == 60 ? true : nil }
    _ = try program.waitForLine(containing: "label value too long")
    program.send(SIGTERM)
    try program.wait()
  }

  /// While the receiver is away, whoever scrapes sees what is counted; then everything arrives, a point for each round.
  @Test func anOutageIsBufferedAndChangesNothingForOthers() throws {
    let isAway = Switched(true)
    let receiver = try ModelReceiver(fault: { _ in isAway.value ? .unavailable : .none })
    let path = try TemporaryDirectory().write("t.jsonl", "")
    let program = try follow(["--remote-write", receiver.url, "--listen", "127.0.0.1:0", path])
    let line = try program.waitForLine(containing: "serving /metrics on ")
    let url = "http://\(try #require(line.split(separator: " ").last))/metrics"
    for round in 1...5 {
      try Self.append(Self.line("a", count: 3, names: 1), to: path)
      try waitUntil("the page") {
        String(decoding: try get(url), as: UTF8.self).contains("status_code=\"STATUS_CODE_UNSET\"} \(3 * round)\n")
          ? true : nil
      }
    }
    try waitUntil("a refusal") { receiver.requests > 0 ? true : nil }
    #expect(receiver.series.isEmpty)
    isAway.value = false
    try waitUntil("everything") { receiver.increase(Self.calls) == 15 ? true : nil }
    // Every step of the way is there.
    let samples = try #require(receiver.series.first { $0.key.contains(Self.calls) }?.value.map(\.value))
    #expect(Set(samples).isSuperset(of: [0, 15]))
    #expect(samples == samples.sorted())
    #expect(Set(samples).count >= 3, "\(samples)")
    program.send(SIGTERM)
    #expect(try program.wait().status == 0)
    #expect(program.errorsSoFar.contains("twice as high"))
  }

  /// What is beyond the buffer falls out, and loses no count.
  @Test func whatFallsOutOfTheBufferLosesNoCount() throws {
    let isAway = Switched(true)
    let receiver = try ModelReceiver(fault: { _ in isAway.value ? .unavailable : .none })
    let path = try TemporaryDirectory().write("t.jsonl", "")
    let program = try follow(["--remote-write", receiver.url, "--buffer", "1kB", "--listen", "127.0.0.1:0", path])
    let line = try program.waitForLine(containing: "serving /metrics on ")
    let url = "http://\(try #require(line.split(separator: " ").last))/metrics"
    for round in 1...6 {
      try Self.append(Self.line("s\(round)", count: 1), to: path)
      try waitUntil("the page") {
        String(decoding: try get(url), as: UTF8.self).contains("service_name=\"s\(round)\"") ? true : nil
      }
    }
    try waitUntil("many rounds") { receiver.requests > 2 ? true : nil }
    isAway.value = false
    try waitUntil("everything") { receiver.increase(Self.calls) == 6 ? true : nil }
    program.send(SIGTERM)
    #expect(try program.wait().status == 0)
  }

  /// A dead receiver does not hold up the end for longer than ten seconds; with a state the rest is there for the next start.
  @Test func theEndComesInTimeAndTheStateKeepsTheRest() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("t.jsonl", "")
    let state = directory.path("state")
    let dead = try ModelReceiver(fault: { _ in .unavailable })
    let first = try follow(["--remote-write", dead.url, "--state", state, path])
    try Self.append(Self.line("a", count: 7), to: path)
    try waitUntil("a refusal") { dead.requests > 0 ? true : nil }
    let start = Date()
    first.send(SIGTERM)
    let result = try first.wait(timeout: 20)
    #expect(Date().timeIntervalSince(start) < 10)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("kept in the state"))
    let receiver = try ModelReceiver()
    let second = try follow(["--remote-write", receiver.url, "--state", state, path])
    try waitUntil("the rest") { receiver.increase(Self.calls) == 7 ? true : nil }
    second.send(SIGTERM)
    #expect(try second.wait().status == 0)
    #expect(receiver.refusals == [])
  }

  @Test func anotherProcessThatWritesTheSameSeriesIsNamed() throws {
    let receiver = try StubServer { _ in .text(400, "out of order sample") }
    let path = try TemporaryDirectory().write("t.jsonl", Self.line("a", count: 1))
    let program = try follow(["--remote-write", receiver.url, path])
    _ = try program.waitForLine(containing: "--label instance=")
    program.send(SIGKILL)
  }

  // MARK: - Restarts

  private struct Page {
    let calls: Double

    init(_ url: String) throws {
      let text = String(decoding: try get(url), as: UTF8.self)
      calls = text.split(separator: "\n").filter { $0.hasPrefix("\(RunningAllDayTests.calls){") }
        .reduce(0) { $0 + (Double($1.split(separator: " ").last ?? "") ?? 0) }
    }
  }

  private func serve(_ arguments: [String]) throws -> (Program, String) {
    let program = try follow(["--listen", "127.0.0.1:0"] + arguments)
    let line = try program.waitForLine(containing: "serving /metrics on ")
    return (program, "http://\(try #require(line.split(separator: " ").last))/metrics")
  }

  @Test func oldSpansOfAFileThatIsThereAreNotCountedAgain() throws {
    let path = try TemporaryDirectory().write(
      "t.jsonl", Self.line("old", count: 100, ago: 3 * 86_400) + Self.line("new", count: 5))
    let (program, url) = try serve([path])
    _ = try program.waitForLine(
      containing: "100 spans or more that had ended over 30s before the start are not counted")
    #expect(try Page(url).calls == 5)
    // What comes later counts, however old it is.
    try Self.append(Self.line("late", count: 3, ago: 3600), to: path)
    try waitUntil("the late ones") { try Page(url).calls == 8 ? true : nil }
    program.send(SIGTERM)
    try program.wait()
    for (arguments, count) in [(["--max-age", "0"], 108.0), (["--max-age", "10m"], 5), (["--max-age", "2h"], 8)] {
      let (program, url) = try serve(arguments + [path])
      try waitUntil("\(arguments)") { try Page(url).calls == count ? true : nil }
      program.send(SIGKILL)
    }
    let (end, endURL) = try serve(["--from-end", path])
    _ = try end.waitForLine(containing: "counting from its end on")
    try Self.append(Self.line("new", count: 2), to: path)
    try waitUntil("the end") { try Page(endURL).calls >= 2 ? true : nil }
    #expect(try Page(endURL).calls == 2)
    end.send(SIGKILL)
  }

  /// Killed or stopped at any moment while spans arrive and the file is replaced, a process goes on as if nothing had
  /// happened: for the page, for the receiver, and nothing is counted twice.
  @Test(arguments: [SIGKILL, SIGTERM])
  func restartsChangeNothing(_ signal: Int32) throws {
    let rounds = ProcessInfo.processInfo.environment["ONGRID_RESTARTS"].flatMap { Int($0) } ?? 6
    var random = SeededRandom()
    let receiver = try ModelReceiver(fault: { number in number % 7 == 3 ? .dropAnswer : .none })
    let directory = try TemporaryDirectory()
    let path = try directory.write("t.jsonl", "")
    let arguments = ["--remote-write", receiver.url, "--state", directory.path("state"), path]
    var written = 0
    for round in 0..<rounds {
      let program = try follow(arguments)
      // A file may be replaced while nobody reads it, once.
      if round % 3 == 1 {
        try waitUntil("\(written), \(random.note)") { receiver.increase(Self.calls) >= Double(written) ? true : nil }
      }
      for step in 0..<Int.random(in: 1...6, using: &random) {
        let count = Int.random(in: 1...20, using: &random)
        let text = Self.line("s\((round + step) % 3)", count: count, from: written)
        // In two pieces, so that a record is cut off at times.
        let cut = text.index(text.startIndex, offsetBy: Int.random(in: 0..<text.count, using: &random))
        try Self.append(String(text[..<cut]), to: path)
        poll(nil, 0, Int32.random(in: 0...40, using: &random))
        try Self.append(String(text[cut...]), to: path)
        written += count
      }
      if round % 3 == 1 {
        try FileManager.default.moveItem(atPath: path, toPath: path + ".\(round)")
        try Data().write(to: URL(filePath: path))
      }
      program.send(signal)
      _ = try program.wait()
    }
    let last = try follow(arguments)
    try waitUntil("everything, \(written), \(random.note)") {
      receiver.increase(Self.calls) >= Double(written) ? true : nil
    }
    last.send(SIGTERM)
    #expect(try last.wait().status == 0)
    #expect(receiver.increase(Self.calls) == Double(written), "\(random.note)")
    #expect(receiver.increase("traces_spanmetrics_latency_count") == Double(written), "\(random.note)")
    #expect(
      receiver.series.filter { $0.key.contains(Self.calls) }.values.allSatisfy { samples in
        let values = samples.map(\.value)
        return values == values.sorted()
      }, "\(random.note)")
  }

  @Test func aStateIsForOneProcessAndMustBeOne() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("t.jsonl", "")
    let state = directory.path("state")
    let (program, _) = try serve(["--state", state, path])
    let other = try Program.run(["spanmetrics", "--follow", "--state", state, path])
    #expect(other.status == 2)
    #expect(other.errors.contains("another process"))
    program.send(SIGTERM)
    try program.wait()
    try directory.write("state", "nonsense")
    let broken = try Program.run(["spanmetrics", "--follow", "--state", state, path])
    #expect(broken.status == 2)
    #expect(broken.errors.contains("not a state"))
  }

  @Test func aRecordCutOffByARotationIsNamed() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("t.jsonl", Self.line("a", count: 2) + "{\"resourceSpans\":[{\"res")
    let (program, url) = try serve([path])
    try waitUntil("the first") { try Page(url).calls == 2 ? true : nil }
    try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
    try directory.write("t.jsonl", Self.line("a", count: 3))
    _ = try program.waitForLine(containing: "cut off, which is not counted")
    try waitUntil("the second") { try Page(url).calls == 5 ? true : nil }
    program.send(SIGTERM)
    #expect(try program.wait().status == 4)
  }

  // MARK: - Once

  @Test func countersRiseAtTheTimeOfTheSpans() throws {
    let receiver = try ModelReceiver()
    let text = (0..<10).map { Self.line("a", count: 10, names: 1, ago: Double(600 - 60 * $0)) }.joined()
    let path = try TemporaryDirectory().write("t.jsonl", text)
    let result = try Program.run(["spanmetrics", "--remote-write", receiver.url, "--at-span-time", path])
    #expect(result.status == 0, "\(result.errors)")
    let samples = try #require(receiver.series.first { $0.key.contains(Self.calls) }?.value)
    #expect(samples.map(\.value) == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
    let times = samples.map(\.time)
    #expect((times.last ?? 0) - (times.first ?? 0) >= 540_000)
  }
}

/// A value that tests change while a server looks at it.
private final class Switched: @unchecked Sendable {
  private let lock = NSLock()
  private var state: Bool
  init(_ value: Bool) { state = value }
  var value: Bool {
    get { lock.withLock { state } }
    set { lock.withLock { state = newValue } }
  }
}

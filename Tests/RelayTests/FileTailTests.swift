import Compression
import Foundation
import OTLP
import Platform
import TestSupport
import Testing
import TraceFormats
import Transport

@testable import Relay

/// Files that batches are appended to, after a crash in the middle of a write.
@Suite struct FileTailTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Relays requests with these seeds, of three spans each, to the file, each a batch of its own.
  private func append(_ seeds: ClosedRange<UInt64>, to path: String, durable: Bool = false) throws {
    let relay = try RelayUnderTest(to: ["file:\(path)"]) {
      $0.pipeline.batchItems = 3
      $0.pipeline.senders = 1
      if durable { $0.queueDirectory = directory.path("queue") }
    }
    for seed in seeds { #expect(try relay.send(Spans.request(3, seed: seed)).status == 200) }
    #expect(relay.stop().isComplete)
  }

  private func ids(in path: String) throws -> Set<String> {
    let input = try TraceInput([path])
    var decoder = TraceDecoder(skipsBad: false)
    var ids: Set<String> = []
    while let chunk = try input.next() {
      try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in
        ids.formUnion((try? Spans.ids(in: [UInt8](request.bytes))) ?? [])
      }
    }
    return ids
  }

  @Test("a batch that a crash cut anywhere is cut off, and nothing before it", arguments: ["otlp", "jsonl", "otlp.gz"])
  func torn(_ suffix: String) throws {
    let path = directory.path("a.\(suffix)")
    try append(1...2, to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    try append(3...3, to: path)
    let all = try Data(contentsOf: URL(fileURLWithPath: path))
    var random = SeededRandom()
    var cuts = [whole.count + 1, all.count - 1]
    for _ in 0..<6 { cuts.append(Int.random(in: whole.count + 1..<all.count, using: &random)) }
    for cut in cuts {
      try all.prefix(cut).write(to: URL(fileURLWithPath: path))
      try append(4...4, to: path)
      let expected = Spans.ids(3, seed: 1).union(Spans.ids(3, seed: 2)).union(Spans.ids(3, seed: 4))
      // A line may be whole but for its end.
      #expect(try ids(in: path).isSuperset(of: expected), "cut at \(cut) of \(all.count), seed \(random.seed)")
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)).starts(with: whole))
    }
  }

  @Test("zeros that a power cut left in place of a batch are cut off")
  func zeros() throws {
    let path = directory.path("a.otlp")
    try append(1...1, to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    try (whole + Data(count: 5000)).write(to: URL(fileURLWithPath: path))
    try append(2...2, to: path)
    #expect(try ids(in: path) == Spans.ids(3, seed: 1).union(Spans.ids(3, seed: 2)))
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == 2 * whole.count)
  }

  @Test("zeros behind a line or a gzip member are cut off as well", arguments: ["jsonl", "otlp.gz", "json.gz"])
  func zerosOfOtherForms(_ suffix: String) throws {
    let path = directory.path("a.\(suffix)")
    try append(1...1, to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    try (whole + Data(count: 5000)).write(to: URL(fileURLWithPath: path))
    try append(2...2, to: path)
    #expect(try ids(in: path) == Spans.ids(3, seed: 1).union(Spans.ids(3, seed: 2)))
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).starts(with: whole))
  }

  @Test(
    "an empty message in the middle is not the end, and of a torn file only the end goes",
    arguments: [("zero-frame", 181), ("torn", 118)])
  func frames(_ name: String, _ kept: Int) throws {
    let original = try Data(Fixtures.bytes("cases/\(name).otlp"))
    let path = directory.path("a.otlp")
    try original.write(to: URL(fileURLWithPath: path))
    try append(1...1, to: path)
    let after = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(after.prefix(kept) == original.prefix(kept))
    #expect(after.count == kept + 4 + Spans.request(3, seed: 1).count)
  }

  @Test("what follows damage in the middle is not cut off")
  func damaged() throws {
    let path = directory.path("a.otlp")
    try append(1...3, to: path)
    var content = try Data(contentsOf: URL(fileURLWithPath: path))
    let frame = content.count / 3
    content[frame + 2] = 0xff
    content[frame + 4] = 0x99
    try content.write(to: URL(fileURLWithPath: path))
    try append(4...4, to: path)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).starts(with: content))
  }

  @Test(
    "what others wrote is not cut", arguments: ["{\n  \"a\": 1\n}", "no newline", "{\"resourceSpans\":[]}\n{\"x\":"])
  func foreignText(_ text: String) throws {
    let path = directory.path("a.json")
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    try append(1...1, to: path)
    let content = try String(contentsOfFile: path, encoding: .utf8)
    #expect(content.hasPrefix(text + "\n{\"resourceSpans\":"))
  }

  @Test("a file of another kind is not appended to, and stays as it is")
  func foreignFile() throws {
    let path = directory.path("a.otlp")
    let text = "a text of some length that is not a stream of messages"
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    let error = #expect(throws: RelayError.self) { try RelayUnderTest(to: ["file:\(path)"]) }
    #expect(error?.description.contains("does not hold OTLP messages") == true)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
  }

  @Test("while another relay writes to the file its end is left alone")
  func inUse() throws {
    let path = directory.path("a.otlp")
    try append(1...1, to: path)
    let first = try RelayUnderTest(to: ["file:\(path)"])
    let handle = try #require(FileHandle(forWritingAtPath: path))
    handle.seekToEndOfFile()
    handle.write(Data([0, 0, 1]))
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let second = try RelayUnderTest(to: ["file:\(path)"])
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    second.stop()
    first.stop()
  }

  @Test("with a queue directory the same file is written")
  func durable() throws {
    let path = directory.path("a.otlp")
    try append(1...3, to: path, durable: true)
    #expect(try ids(in: path).count == 9)
  }
}

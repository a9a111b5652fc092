import Foundation
import TestSupport
import Testing

/// `relay --once`, from outside. One test at a time: a file that is being delivered is locked.
@Suite(.serialized) struct OnceTests {
  private func run(_ arguments: [String], input: [UInt8] = []) throws -> ProgramResult {
    try Program.run(["relay", "--once", "--retry-for", "500ms", "--retry-initial", "10ms"] + arguments, input: input)
  }

  @Test("files of all kinds and standard input arrive whole")
  func formats() throws {
    let expected = 1948
    for (arguments, input) in [
      ([Fixtures.path("otlp/shop.jsonl")], []), ([Fixtures.path("otlp/shop.otlp")], []),
      ([], try Fixtures.bytes("otlp/shop.otlp")),
      (["-"], try Spans.encoded(Fixtures.bytes("otlp/shop.jsonl"), .gzip)),
    ] as [([String], [UInt8])] {
      let sink = try CollectingSink()
      let result = try run(["--to", sink.url] + arguments, input: input)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("\(expected) spans sent"))
      #expect(sink.counts.values.reduce(0, +) == expected)
    }
  }

  @Test("a spool directory is drained; a file that failed stays")
  func spool() throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path("spool/deep"), withIntermediateDirectories: true)
    try directory.write("spool/a.otlp", Spans.request(3, seed: 1))
    try directory.write("spool/deep/b.otlp", Spans.request(3, seed: 2))
    try directory.write("spool/c.json", "{\"broken".utf8)
    try directory.write("spool/d.otlp.tmp", Spans.request(3, seed: 3))
    let sink = try CollectingSink()
    let result = try run(["--delete", "--to", sink.url, directory.path("spool")])
    #expect(result.status == 4)
    #expect(result.errors.contains("c.json"))
    #expect(Set(sink.counts.keys) == Spans.ids(3, seed: 1).union(Spans.ids(3, seed: 2)))
    let left = try FileManager.default.subpathsOfDirectory(atPath: directory.path("spool")).sorted()
    #expect(left == ["c.json", "d.otlp.tmp", "deep"])
  }

  @Test("a file that the server refuses stays, and those in the same batch are delivered and go")
  func refusedFile() throws {
    let directory = try TemporaryDirectory()
    for seed in 1...4 as ClosedRange<UInt64> {
      try directory.write("\(seed).otlp", Spans.request(3, seed: seed))
    }
    let bad = Spans.ids(3, seed: 2)
    let sink = try CollectingSink { _, request in
      let ids = (try? Spans.ids(in: Spans.decoded(request.body, request.headers["content-encoding"]))) ?? []
      return bad.isDisjoint(with: ids) ? nil : .text(400, "no")
    }
    let result = try run(["--delete", "--batch-timeout", "500ms", "--to", sink.url, directory.url.path])
    #expect(result.status == 4)
    #expect(sink.counts.count == 9)
    #expect(result.errors.contains("2.otlp was not delivered in full"))
    #expect(!result.errors.contains("1.otlp was not"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["2.otlp"])
  }

  @Test("two runs at once deliver each file once")
  func twoRuns() throws {
    let directory = try TemporaryDirectory()
    for seed in 1...60 as ClosedRange<UInt64> {
      try directory.write("\(seed).otlp", Spans.request(20, seed: seed))
    }
    let sink = try CollectingSink()
    let arguments = ["relay", "--once", "--delete", "--to", sink.url, directory.url.path]
    let programs = try (0..<3).map { _ in try Program(arguments) }
    for program in programs { try program.wait() }
    #expect(sink.counts.count == 1200)
    #expect(sink.counts.values.allSatisfy { $0 == 1 })
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path).isEmpty)
  }

  @Test("what could not be delivered is said, with a status for scripts")
  func failures() throws {
    let closed = try StubServer.closedPort()
    let unreachable = try run(["--to", "http://127.0.0.1:\(closed)", Fixtures.path("otlp/shop.otlp")])
    #expect(unreachable.status == 3)
    #expect(unreachable.errors.contains("1948 not delivered"))
    #expect(try run(["--to", "file:/dev/null", "/does/not/exist"]).status == 2)
    #expect(try run(["--to", "gopher://x", Fixtures.path("otlp/shop.otlp")]).status == 2)
    let empty = try run(["--to", "file:/dev/null"])
    #expect(empty.status == 0)
    let half = try CollectingSink { index, _ in index == 0 ? nil : .text(400, "no") }
    let partial = try run([
      "--batch-spans", "500", "--in-flight", "1", "--to", half.url, Fixtures.path("otlp/shop.otlp"),
    ])
    #expect(partial.status == 4)
  }
}

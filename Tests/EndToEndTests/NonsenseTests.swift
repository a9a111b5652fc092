import Foundation
import TestSupport
import Testing

/// Broken input on every command: one clear line, exit status 2, nothing on standard output, never a crash.
@Suite struct NonsenseTests {
  /// A command that reads a file, and what stands for the file.
  static let readers: [[String]] = [
    ["spanmetrics", "FILE"], ["spanmetrics", "--format", "prometheus", "FILE"], ["compile-rule", "FILE"],
    ["compile-rule", "--format", "prometheus", "FILE"], ["relay", "--once", "--to", "-", "FILE"],
    ["traceql", "{}", "--from", "FILE"], ["correlate", "--prometheus", "http://127.0.0.1:1", "FILE"],
  ]

  static let traceReaders = readers.filter { ["spanmetrics", "relay", "traceql"].contains($0[0]) }

  /// Bytes that are nothing any command reads.
  static let broken: [(name: String, bytes: [UInt8])] = {
    let shop = (try? Fixtures.bytes("otlp/shop.otlp")) ?? []
    let body = (try? Fixtures.bytes("otlp/sdk-python-gzip.body")) ?? []
    return [
      ("truncated protobuf", Array(shop.prefix(shop.count / 2))),
      ("truncated gzip", Array(body.prefix(body.count / 2))),
      ("gzip header only", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]),
      ("truncated zstd", [0x28, 0xB5, 0x2F, 0xFD, 0x04, 0x58]),
      ("open brace", Array("{".utf8)), ("broken JSON", Array("{\"resourceSpans\":[{\"resource\":".utf8)),
      ("wrong JSON", Array("{\"resourceSpans\":17}".utf8)), ("text", Array("hello, world\n".utf8)),
      ("ones", [UInt8](repeating: 0xFF, count: 1000)),
      ("deep JSON", Array(String(repeating: "[", count: 100_000).utf8)),
      ("invalid UTF-8", Array("{\"resourceSpans\":\"".utf8) + [0xC3, 0x28, 0x22, 0x7D]),
    ]
  }()

  @Test(arguments: readers)
  func missingFile(_ command: [String]) throws {
    let directory = try TemporaryDirectory()
    try expectRefusal(command, file: directory.path("absent.json"), says: "absent.json")
  }

  @Test(arguments: traceReaders.filter { $0[0] != "relay" })
  func directoryInsteadOfFile(_ command: [String]) throws {
    let directory = try TemporaryDirectory()
    try expectRefusal(command, file: directory.path(""), says: "directory")
  }

  @Test(arguments: readers)
  func unknownOption(_ command: [String]) throws {
    try expectRefusal(command + ["--nonsense-option"], file: "/dev/null", says: "unknown option '--nonsense-option'")
  }

  @Test(arguments: readers, broken.map(\.name))
  func brokenFile(_ command: [String], _ name: String) throws {
    let bytes = try #require(Self.broken.first { $0.name == name }).bytes
    let directory = try TemporaryDirectory()
    let result = try Program.run(
      command.map { $0 == "FILE" ? directory.path("input") : $0 }.enumerated().map { index, word in
        if index == 0 { try directory.write("input", bytes) }
        return word
      })
    expectOneLine(result, command, name)
  }

  @Test(arguments: traceReaders)
  func emptyTracesAreAnEmptyResult(_ command: [String]) throws {
    let directory = try TemporaryDirectory()
    for (name, bytes) in [
      ("empty", []), ("object", Array("{\"resourceSpans\":[]}\n".utf8)), ("blank", Array("\n\n".utf8)),
    ] {
      let file = try directory.write(name, bytes)
      let result = try Program.run(command.map { $0 == "FILE" ? file : $0 })
      #expect(result.status == 0, "\(command) \(name): \(result.errors)")
    }
  }

  @Test(arguments: [[], Array("[]".utf8), Array("\n".utf8)] as [[UInt8]])
  func emptyRulesAreAnError(_ bytes: [UInt8]) throws {
    let result = try Program.run(["compile-rule"], input: bytes)
    #expect(result.status == 2)
    #expect(result.stdout.isEmpty)
    #expect(!result.errors.isEmpty)
  }

  /// Every command that prints a result, with input that gives it one.
  static let printers: [[String]] = [
    ["spanmetrics", "FILE"],
    ["relay", "--once", "--to", "-", "FILE"],
    ["traceql", "{}", "--limit", "1000", "--from", "FILE"], ["completions", "bash"],
    ["man", "relay"],
  ]

  /// A printer's words with the input in a place of its own: relay --once locks what it delivers.
  private func words(_ command: [String]) throws -> [String] {
    let directory = try TemporaryDirectory()
    let file = try directory.write("shop.otlp", Fixtures.bytes("otlp/shop.otlp"))
    return command.map { $0 == "FILE" ? file : $0 }
  }

  @Test(arguments: printers)
  func brokenPipeIsQuiet(_ command: [String]) throws {
    let result = try Program.run(words(command), stdout: .readerGone)
    #expect(result.errors == "", "\(command)")
    #expect(result.signal == SIGPIPE || result.status == 0, "\(command) \(result.status)")
  }

  @Test(arguments: printers)
  func fullDiskIsAnError(_ command: [String]) throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    let result = try Program.run(words(command), stdout: .file("/dev/full"))
    #expect(result.status != 0 && result.signal == nil, "\(command)")
    #expect(result.errors.lowercased().contains("no space left on device"), "\(command): \(result.errors)")
  }

  @Test(arguments: printers)
  func closedStandardOutputIsAnError(_ command: [String]) throws {
    let result = try Program.run(words(command), stdout: .closed)
    #expect(result.status != 0 && result.signal == nil, "\(command)")
    #expect(result.errors.lowercased().contains("bad file descriptor"), "\(command): \(result.errors)")
  }

  private func expectRefusal(_ command: [String], file: String, says text: String) throws {
    let result = try Program.run(command.map { $0 == "FILE" ? file : $0 })
    expectOneLine(result, command, text)
    #expect(result.errors.lowercased().contains(text.lowercased()), "\(command): \(result.errors)")
  }

  /// One line that starts as all do; lines after it show the place in the input.
  private func expectOneLine(_ result: ProgramResult, _ command: [String], _ what: String) {
    // What relay delivered before the bad record makes its answer partial; rules that are JSON but not rules are lint.
    let statuses: Set<Int32> =
      switch (command[0], what) {
      case ("relay", "truncated protobuf"): [4]
      case ("compile-rule", "wrong JSON"): [1]
      default: [2]
      }
    #expect(statuses.contains(result.status), "\(command) \(what): \(result.status) \(result.errors)")
    #expect(result.output == "" || result.status == 4, "\(command) \(what)")
    let lines = result.errorLines
    #expect(lines.first?.isEmpty == false, "\(command) \(what) says nothing")
    #expect(
      lines.count == 1 || command[0] == "compile-rule" || result.status == 4, "\(command) \(what): \(result.errors)")
    #expect(!result.errors.lowercased().contains("Fatal error"), "\(command) \(what): \(result.errors)")
  }
}

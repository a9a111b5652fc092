import Compression
import Foundation
import Platform
import TestSupport
import Testing

/// The same spans give the same bytes, whatever they come in.
@Suite struct InvarianceTests {
  private static let options = [
    "spanmetrics", "--service-graph", "--target-info", "--exemplars", "--size", "total", "--dimension",
    "http.response.status_code", "--dimension", "deployment.environment",
  ]

  private static func run(_ arguments: [String], input: [UInt8] = []) throws -> String {
    let result = try Program.run(options + arguments, input: input)
    #expect(result.status == 0, "\(result.errors)")
    return result.output
  }

  /// The frames of a protobuf stream, each with its length.
  private static func frames(_ stream: [UInt8]) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    var rest = stream[...]
    while rest.count >= 4 {
      let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      frames.append(Array(rest.prefix(4 + length)))
      rest = rest.dropFirst(4 + length)
    }
    return frames
  }

  private static func compress(_ bytes: [UInt8], _ encoding: ContentEncoding) throws -> [UInt8] {
    var out = ByteBuffer()
    var compressor = try Compressor(encoding)
    try bytes.withByteView { try compressor.compress($0, into: &out) }
    return Array(out.view)
  }

  @Test(arguments: ["json", "prometheus", "openmetrics"])
  func formatsFilesAndThreadsMakeNoDifference(_ format: String) throws {
    let directory = try TemporaryDirectory()
    let json = try Fixtures.bytes("otlp/shop.jsonl")
    let stream = try Fixtures.bytes("otlp/shop.otlp")
    let frames = Self.frames(stream)
    #expect(frames.count > 10)
    let expected = try Self.run(["-f", format, "--threads", "1", Fixtures.path("otlp/shop.otlp")])
    #expect(expected.utf8.count > 10_000)

    let message = frames.flatMap { $0.dropFirst(4) }
    var cases: [(String, [String], [UInt8])] = [
      ("JSON", [Fixtures.path("otlp/shop.jsonl")], []), ("stdin", [], stream), ("JSON on stdin", ["-"], json),
      ("one message", [try directory.write("message.pb", message)], []),
      ("gzip", [try directory.write("a.gz", Self.compress(stream, .gzip))], []),
      ("zstd", [try directory.write("a.zst", Self.compress(json, .zstd))], []),
      ("gzip on stdin", [], try Self.compress(json, .gzip)),
    ]
    var many: [String] = []
    let lines = json.split(separator: 0x0A)
    for index in 0..<50 {
      // Half of the input as fifty JSON files, the rest as fifty protobuf files.
      let half = min(frames.count / 2, lines.count)
      var own: [UInt8] = []
      for line in stride(from: index, to: half, by: 50) { own += lines[line] + [0x0A] }
      var rest: [UInt8] = []
      for frame in stride(from: half + index, to: frames.count, by: 50) { rest += frames[frame] }
      many.append(try directory.write("\(index).jsonl", own))
      many.append(try directory.write("\(index).otlp", rest))
    }
    cases.append(("a hundred files", many, []))
    cases.append(("backwards", many.reversed(), []))
    for (name, arguments, input) in cases {
      for threads in ["1", "2", "7"] {
        let output = try Self.run(["-f", format, "--threads", threads] + arguments, input: input)
        #expect(output == expected, "\(name), \(threads) threads")
      }
    }
  }
}

import Foundation
import OTLP
import Platform
import TestSupport
import Testing

@testable import Relay

/// Everything that reads what clients send, fed with damaged input: it may refuse, it must not trap, and what it accepts
/// must hold together. `ONGRID_FUZZ_ROUNDS` asks for more than a test run has time for.
@Suite struct FuzzTests {
  private static let rounds = ProcessInfo.processInfo.environment["ONGRID_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 3000
  private static let seed =
    ProcessInfo.processInfo.environment["ONGRID_FUZZ_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1 ... .max)

  /// Calls `body` with damaged copies of `inputs`; a trap is found again with the printed seed.
  private func damage(_ inputs: [[UInt8]], _ body: ([UInt8], inout SeededRandom) throws -> Void) rethrows {
    var random = SeededRandom(seed: Self.seed)
    for _ in 0..<Self.rounds {
      var bytes = inputs.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 0...8, using: &random) {
        let index = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0...6, using: &random) {
        case 0 where !bytes.isEmpty: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1 where !bytes.isEmpty: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        case 3 where !bytes.isEmpty: bytes.remove(at: index)
        case 4: bytes = Array(bytes[..<index])
        case 5 where !bytes.isEmpty: bytes[index] = [0x00, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
        default:
          let end = min(index + Int.random(in: 0...40, using: &random), bytes.count)
          bytes.insert(contentsOf: bytes[index..<end], at: index)
        }
      }
      try body(bytes, &random)
    }
  }

  private func comment() -> Comment { "ONGRID_FUZZ_SEED=\(Self.seed)" }

  @Test("protobuf: what the walk accepts can be cut and spliced, and keeps its spans")
  func protobuf() throws {
    let splice = ResourceSplice([("region", "eu")])
    try damage([Spans.request(6, seed: 1), try Fixtures.bytes("otlp/sdk-python-identity.body")]) { bytes, random in
      try bytes.withByteView { view in
        guard let walk = try? RequestWalk(view) else { return }
        let splitter = RequestSplitter(maxItems: Int.random(in: 1...4, using: &random), maxBytes: 600)
        var items = 0
        try splitter.split(view, signal: .traces, items: walk.items) { part, count in
          items += count
          let found = try? RequestWalk(part.view)
          #expect(found?.items == count, comment())
        }
        #expect(items == walk.items, comment())
        var out = ByteBuffer()
        try splice.apply(to: view, into: &out)
        #expect(try RequestWalk(out.view).items == walk.items, comment())
      }
    }
  }

  @Test("JSON: what is transcoded is well-formed protobuf")
  func json() throws {
    let lines = try Fixtures.text("otlp/shop.jsonl").split(separator: "\n").prefix(3).map { Array($0.utf8) }
    try damage(lines.map { Array($0.prefix(1500)) + Array("]}]}]}".utf8) } + lines) { bytes, _ in
      try bytes.withByteView { view in
        var transcoder = JSONTranscoder(view)
        var out = ByteBuffer()
        guard (try? transcoder.next(into: &out)) != nil else { return }
        _ = try RequestWalk(out.view)
      }
    }
  }

  @Test("HTTP/1.1: a head reads the same however it is cut")
  func head() throws {
    let limits = ReceiverLimits()
    let heads = [
      "POST /v1/traces?x=1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{}",
      "OPTIONS /v1/traces HTTP/1.0\r\nOrigin: a\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n",
    ].map { Array($0.utf8) }
    damage(heads) { bytes, random in
      bytes.withByteView { view in
        let whole = "\(HTTP1HeadParser.parse(view, searched: 0, limits: limits))"
        var searched = 0
        var end = 0
        while end < view.count {
          end = min(end + Int.random(in: 1...20, using: &random), view.count)
          let outcome = HTTP1HeadParser.parse(view.prefix(end), searched: searched, limits: limits)
          if case .incomplete = outcome {
            searched = end
            continue
          }
          #expect("\(outcome)" == whole, comment())
          return
        }
      }
    }
  }

  @Test("chunks: the content is the same however they are cut")
  func chunks() throws {
    let bodies = [
      "5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\n\r\nrest", "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nA: b\r\n\r\n",
    ]
    .map { Array($0.utf8) }
    damage(bodies) { bytes, random in
      func decode(_ step: () -> Int) -> String {
        var decoder = ChunkedDecoder()
        var content = ByteBuffer()
        var position = 0
        do {
          while position < bytes.count, !decoder.isDone {
            let end = min(position + step(), bytes.count)
            position += try bytes.withByteView { (view) throws(ChunkedDecoder.Failure) in
              try decoder.decode(view[position..<end], into: &content, limit: 1000)
            }
          }
        } catch {
          return "\(error)"
        }
        return "\([UInt8](content.view)) \(position) \(decoder.isDone)"
      }
      let whole = decode { bytes.count }
      #expect(decode { Int.random(in: 1...3, using: &random) } == whole, comment())
    }
  }

  @Test("gRPC: the message is the same however its frame is cut")
  func grpc() throws {
    let frames: [[UInt8]] = [
      [0, 0, 0, 0, 4, 1, 2, 3, 4], [1, 0, 0, 0, 0], [0, 0, 0, 1, 0] + [UInt8](repeating: 7, count: 256),
    ]
    damage(frames) { bytes, random in
      func read(_ step: () -> Int) -> String {
        var reader = GRPCMessageReader()
        var position = 0
        do {
          while position < bytes.count {
            let end = min(position + step(), bytes.count)
            try bytes.withByteView { (view) throws(GRPCMessageReader.Failure) in
              try reader.append(view[position..<end], limit: 100_000)
            }
            position = end
          }
        } catch {
          return "\(error)"
        }
        let isComplete = reader.isComplete
        let message = reader.take()
        return "\([UInt8](message.view)) \(isComplete)"
      }
      let whole = read { max(bytes.count, 1) }
      #expect(read { Int.random(in: 1...3, using: &random) } == whole, comment())
    }
  }
}

import Foundation
import TestSupport
import Testing
import Transport

@testable import Relay

/// gRPC and HTTP/2: framing, floods, and an orderly end.
@Suite struct HTTP2Tests {
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  private func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8] = []) -> [UInt8] {
    let size = payload.count
    return [UInt8(size >> 16 & 255), UInt8(size >> 8 & 255), UInt8(size & 255), type, flags]
      + (0..<4).map { UInt8(truncatingIfNeeded: stream >> UInt32(24 - 8 * $0)) } + payload
  }

  @Test("unknown encodings, methods and broken frames have their codes")
  func refusals() throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"])
    let body = Spans.request(1, seed: 1)
    let unknown = try relay.call(body, encoding: "snappy")
    #expect(unknown.status == 12)
    #expect(unknown.acceptedEncodings == "identity,gzip,zstd,deflate")
    #expect(try relay.call(body, method: "/opentelemetry.proto.collector.trace.v1.TraceService/Import").status == 12)
    #expect(try relay.call(body, method: "/opentelemetry.proto.collector.logs.v1.LogsService/Export").status == 12)
    #expect(try relay.call([], rawFrame: [0, 0, 0, 0]).status == 3)
    #expect(try relay.call([], rawFrame: [0, 0, 0, 0, 9, 1]).status == 3)
    #expect(try relay.call([], rawFrame: [2, 0, 0, 0, 0]).status == 3)
    #expect(try relay.call([], rawFrame: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).status == 3)
    // The flag says uncompressed whatever grpc-encoding says.
    #expect(try relay.call(body, encoding: "gzip", isCompressed: false).status == 0)
    #expect(try relay.call(body, headers: ["grpc-timeout": "1n"]).status == 4)
    #expect(try relay.call(body, headers: ["grpc-timeout": "10S"]).status == 0)
  }

  @Test(
    "floods end the connection and nothing else",
    arguments: [
      "ping", "settings", "reset", "reset whole requests", "empty data", "continuation", "priority", "fields",
    ])
  func floods(_ kind: String) throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"]) { $0.limits.maxControlFrames = 300 }
    let client = try RawClient(port: relay.port)
    client.write(Self.preface + frame(4, 0, 0))
    // :method POST, :scheme http, :path / from the static table, and :authority x.
    let fields: [UInt8] = [0x83, 0x86, 0x84, 0x41, 0x01, 0x78]
    var flood: [UInt8] = []
    switch kind {
    case "ping": for _ in 0..<2000 { flood += frame(6, 0, 0, [UInt8](repeating: 0, count: 8)) }
    case "settings": for _ in 0..<2000 { flood += frame(4, 0, 0) }
    case "reset":
      for index in 0..<2000 as Range<UInt32> {
        flood += frame(1, 4, index * 2 + 1, fields) + frame(3, 0, index * 2 + 1, [0, 0, 0, 8])
      }
    case "reset whole requests":
      for index in 0..<2000 as Range<UInt32> {
        flood += frame(1, 5, index * 2 + 1, fields) + frame(3, 0, index * 2 + 1, [0, 0, 0, 8])
      }
    case "fields":
      // Each byte stands for a field.
      for index in 0..<50 as Range<UInt32> {
        flood += frame(1, 4, index * 2 + 1, fields + [UInt8](repeating: 0x90, count: 16_000))
      }
    case "empty data":
      flood += frame(1, 4, 1, fields)
      for _ in 0..<2000 { flood += frame(0, 0, 1) }
    case "continuation":
      flood += frame(1, 0, 1, fields)
      for _ in 0..<2000 { flood += frame(9, 0, 1, [0x00, 0x01, 0x61, 0x01, 0x62]) }
    default: for _ in 0..<2000 { flood += frame(2, 0, 1, [0, 0, 0, 0, 16]) }
    }
    client.write(flood)
    // The server closes; it does not go on answering for twenty seconds.
    let start = Date()
    _ = client.readToEnd()
    #expect(Date().timeIntervalSince(start) < 10)
    #expect(try relay.call(Spans.request(1, seed: 1)).status == 0)
  }

  @Test("bytes that are not HTTP/2 after its beginning end the connection")
  func garbage() throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"])
    var random = SeededRandom(seed: 11)
    for _ in 0..<50 {
      let client = try RawClient(port: relay.port)
      let noise = (0..<Int.random(in: 1...400, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      client.write(Self.preface + (Bool.random(using: &random) ? frame(4, 0, 0) : []) + noise)
    }
    #expect(try relay.call(Spans.request(1, seed: 1)).status == 0)
  }

  @Test("a stop finishes the request under way, tells with GOAWAY, and delivers")
  func drain() throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url])
    let client = try RawClient(port: relay.port)
    client.write(Self.preface + frame(4, 0, 0))
    _ = client.read()
    #expect(try relay.call(Spans.request(3, seed: 1)).status == 0)
    let report = relay.stop()
    #expect(report.isComplete)
    #expect(sink.counts.count == 3)
    let rest = client.readToEnd()
    // A GOAWAY frame: type 7, stream 0.
    let goAway = rest.indices.dropLast(9).contains { rest[$0 + 3] == 7 && rest[$0 + 5...$0 + 8].allSatisfy { $0 == 0 } }
    #expect(goAway)
  }
}

import CZlib
import Foundation
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// What clients speak beside plain OTLP: gRPC-Web, gRPC's health check, and `deflate`.
@Suite struct ProtocolTests {
  /// A frame of gRPC or, with flag 0x80, gRPC-Web's trailers.
  private static func frame(_ message: [UInt8], flag: UInt8 = 0) -> [UInt8] {
    [flag] + (0..<4).map { UInt8(truncatingIfNeeded: message.count >> (24 - 8 * $0)) } + message
  }

  private static let export = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

  @Test("gRPC-Web, binary and text, over both versions of HTTP", arguments: [false, true])
  func grpcWeb(_ http2: Bool) throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url]) { $0.corsOrigins = ["https://shop.example"] }
    let headers = { (type: String) -> HTTPHeaders in ["Content-Type": type, "Origin": "https://shop.example"] }
    let binary = try relay.send(
      Self.frame(Spans.request(2, seed: 1)), path: Self.export, headers: headers("application/grpc-web+proto"),
      http2: http2)
    #expect(binary.status == 200)
    #expect(binary.headers["Content-Type"] == "application/grpc-web+proto")
    #expect(binary.headers["Access-Control-Allow-Origin"] == "https://shop.example")
    #expect(binary.body == Self.frame([]) + Self.frame(Array("grpc-status: 0\r\n".utf8), flag: 0x80))

    // Two pieces, each with padding of its own.
    let whole = Self.frame(Spans.request(2, seed: 2))
    let text = Data(whole[..<7]).base64EncodedString() + Data(whole[7...]).base64EncodedString()
    let asText = try relay.send(
      Array(text.utf8), path: Self.export, headers: headers("application/grpc-web-text"), http2: http2)
    #expect(asText.headers["Content-Type"] == "application/grpc-web-text+proto")
    let decoded = try #require(Data(base64Encoded: Data(asText.body)))
    #expect([UInt8](decoded) == binary.body)

    let torn = try relay.send(
      [0, 0, 0, 0, 9, 1], path: Self.export, headers: headers("application/grpc-web"), http2: http2)
    #expect(torn.status == 200)
    #expect(String(decoding: torn.body, as: UTF8.self).contains("grpc-status: 3\r\n"))
    relay.stop()
    #expect(Set(sink.counts.keys) == Spans.ids(2, seed: 1).union(Spans.ids(2, seed: 2)))
  }

  @Test("gRPC's health check, without a token")
  func health() throws {
    let directory = try TemporaryDirectory()
    let tokens = try directory.write("tokens", "secret\n")
    let relay = try RelayUnderTest(to: ["file:/dev/null"]) { $0.listenTokenFile = tokens }
    let check = "/grpc.health.v1.Health/Check"
    let name = { (service: String) -> [UInt8] in [0x0a, UInt8(service.utf8.count)] + service.utf8 }
    #expect(try relay.call([], method: check).body == Self.frame([0x08, 1]))
    let traces = try relay.call(name("opentelemetry.proto.collector.trace.v1.TraceService"), method: check)
    #expect(traces.status == 0)
    #expect(traces.body == Self.frame([0x08, 1]))
    #expect(try relay.call(name("opentelemetry.proto.collector.logs.v1.LogsService"), method: check).status == 5)
    #expect(try relay.call(name("shop"), method: check).status == 5)
    #expect(try relay.call([0x0a, 9], method: check).status == 3)
    #expect(try relay.call([], method: "/grpc.health.v1.Health/Watch").status == 12)
  }

  @Test("deflate, in both formats that go by the name; a bomb is stopped")
  func deflate() throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url]) { $0.limits.maxRequest = 1 << 20 }
    let headers: HTTPHeaders = ["Content-Type": "application/x-protobuf", "Content-Encoding": "deflate"]
    for (seed, isRaw) in [(1, false), (2, true)] as [(UInt64, Bool)] {
      #expect(try relay.send(Self.deflated(Spans.request(50, seed: seed), isRaw), headers: headers).status == 200)
    }
    let framed = Self.deflated(Spans.request(50, seed: 3), false)
    #expect(try relay.call(framed, encoding: "deflate").status == 0)
    let bomb = Self.deflated([UInt8](repeating: 0, count: 64 << 20), false)
    #expect(try relay.send(bomb, headers: headers).status == 413)
    #expect(try relay.send(Array(framed.dropLast(1)), headers: headers).status == 400)
    #expect(try relay.send(framed + [0], headers: headers).status == 400)
    #expect(try relay.send([], headers: headers).status == 400)
    relay.stop()
    #expect(sink.counts.count == 150)
  }

  private static func deflated(_ bytes: [UInt8], _ isRaw: Bool) -> [UInt8] {
    var count = compressBound(UInt(bytes.count))
    var packed = [UInt8](repeating: 0, count: Int(count))
    compress(&packed, &count, bytes, UInt(bytes.count))
    // The zlib format is two bytes, deflate data, and four bytes of checksum.
    let framed = Array(packed.prefix(Int(count)))
    return isRaw ? Array(framed.dropFirst(2).dropLast(4)) : framed
  }
}

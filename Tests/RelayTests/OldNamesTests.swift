import Compression
import Foundation
import OTLP
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// Requests of clients from before OTLP 1.0.
@Suite struct OldNamesTests {
  /// The request with its scopes in field 1000.
  private static func old(_ signal: OTLPSignal, _ request: [UInt8]) throws -> [UInt8] {
    var out = ByteBuffer()
    for resource in try Telemetry.values(1, in: [request]) {
      out.appendField(1) { out in
        for (field, number) in [(1, 1), (2, 1000)] {
          for value in (try? Telemetry.values(field, in: [resource])) ?? [] {
            value.withByteView { out.appendField(number, bytes: $0) }
          }
        }
      }
    }
    return [UInt8](out.view)
  }

  private static func oldJSON(_ json: [UInt8]) -> [UInt8] {
    var text = String(decoding: json, as: UTF8.self)
    for (now, then) in [
      ("scopeSpans", "instrumentationLibrarySpans"), ("scopeMetrics", "instrumentationLibraryMetrics"),
      ("scopeLogs", "instrumentationLibraryLogs"), (#""scope":"#, #""instrumentationLibrary":"#),
    ] { text = text.replacingOccurrences(of: now, with: then) }
    return Array(text.utf8)
  }

  @Test("arrive under today's names, over HTTP, gRPC and as JSON, in every compression", arguments: OTLPSignal.allCases)
  func rewritten(_ signal: OTLPSignal) throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url]) { $0.destinations[0].signal = signal }
    var expected: Set<String> = []
    var seed: UInt64 = 0
    func next() throws -> [UInt8] {
      seed += 1
      expected.formUnion(Telemetry.ids(signal, 5, seed: seed))
      return Telemetry.request(signal, 5, seed: seed)
    }
    for encoding in [ContentEncoding.identity, .gzip, .zstd] {
      for http2 in [false, true] {
        var headers: HTTPHeaders = ["Content-Type": "application/x-protobuf"]
        if encoding != .identity { headers["Content-Encoding"] = encoding.rawValue }
        let body = try Spans.encoded(Self.old(signal, next()), encoding)
        #expect(try relay.send(body, path: signal.httpPath, headers: headers, http2: http2).status == 200)
        headers["Content-Type"] = "application/json"
        let json = try Spans.encoded(Self.oldJSON(Telemetry.json(signal, next())), encoding)
        #expect(try relay.send(json, path: signal.httpPath, headers: headers, http2: http2).status == 200)
      }
      let body = try Spans.encoded(Self.old(signal, next()), encoding)
      #expect(try relay.call(body, encoding: encoding.rawValue, method: signal.grpcPath).status == 0)
    }
    let line = relay.stop().lines[0]
    #expect(line.sent == 75)
    #expect(Set(sink.counts.keys) == expected)
  }

  @Test("a signal without a destination is said at once, and once")
  func unclaimed() throws {
    let lines = Monitor<[String]>([])
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(
      to: [sink.url], log: Log(level: .info) { record in lines.withLock { $0.append(record.message) } })
    for seed in 1...3 as ClosedRange<UInt64> {
      let body = Telemetry.request(.metrics, 2, seed: seed)
      #expect(try relay.send(body, path: OTLPSignal.metrics.httpPath).status == 404)
      #expect(try relay.call(body, method: OTLPSignal.metrics.grpcPath).status != 0)
    }
    #expect(lines.withLock { $0.filter { $0.contains("metrics are refused: no --to-metrics") }.count } == 1)
    relay.stop()
  }
}

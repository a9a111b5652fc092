import Compression
import Foundation
import OTLP
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// Metrics and logs go the way that traces go.
@Suite(.serialized) struct SignalTests {
  static let signals: [OTLPSignal] = [.metrics, .logs]

  private func relay(
    _ signal: OTLPSignal, to url: String, change: (inout RelayConfiguration) -> Void = { _ in }
  ) throws -> RelayUnderTest {
    try RelayUnderTest(to: [url]) {
      $0.destinations[0].signal = signal
      change(&$0)
    }
  }

  @Test(
    "arrive from every transport, encoding and format at destinations over HTTP and gRPC", arguments: signals,
    ["http", "grpc"])
  func everyWay(_ signal: OTLPSignal, _ onward: String) throws {
    let sink = try CollectingSink()
    let second = try relay(signal, to: sink.url)
    let first = try relay(signal, to: onward == "grpc" ? "grpc://127.0.0.1:\(second.port)" : sink.url) {
      $0.destinations[0].compression = .gzip
    }
    var expected: Set<String> = []
    var seed: UInt64 = 0
    for encoding in [ContentEncoding.identity, .gzip, .zstd] {
      for http2 in [false, true] {
        for type in ["application/x-protobuf", "application/json"] {
          seed += 1
          let request = Telemetry.request(signal, 7, seed: seed)
          let body = try type == "application/json" ? Telemetry.json(signal, request) : request
          var headers: HTTPHeaders = ["Content-Type": type]
          if encoding != .identity { headers["Content-Encoding"] = encoding.rawValue }
          let response = try first.send(
            Spans.encoded(body, encoding), path: signal.httpPath, headers: headers, http2: http2)
          #expect(response.status == 200)
          #expect(response.headers["Content-Type"] == type)
          expected.formUnion(Telemetry.ids(signal, 7, seed: seed))
        }
      }
      seed += 1
      let body = try Spans.encoded(Telemetry.request(signal, 7, seed: seed), encoding)
      #expect(try first.call(body, encoding: encoding.rawValue, method: signal.grpcPath).status == 0)
      expected.formUnion(Telemetry.ids(signal, 7, seed: seed))
    }
    let report = first.stop()
    #expect(report.isComplete)
    #expect(report.lines[0].sent == 7 * 15)
    #expect(report.summary.hasPrefix("accepted 105 \(signal == .metrics ? "data points" : "log records"); "))
    #expect(report.summary.hasSuffix(": 105 \(signal == .metrics ? "data points" : "log records") sent"))
    second.stop()
    #expect(sink.counts == Dictionary(uniqueKeysWithValues: expected.map { ($0, 1) }))
    #expect(sink.server.requests.allSatisfy { $0.path == signal.httpPath })
  }

  @Test("empty requests succeed and go nowhere; a metric without data points goes on", arguments: signals)
  func empty(_ signal: OTLPSignal) throws {
    let sink = try CollectingSink()
    let relay = try relay(signal, to: sink.url)
    #expect(try relay.send([], path: signal.httpPath).status == 200)
    let json = try relay.send(
      Array("{}".utf8), path: signal.httpPath, headers: ["Content-Type": "application/json"])
    #expect(json.status == 200)
    #expect(String(decoding: json.body, as: UTF8.self) == "{}")
    #expect(try relay.call([], method: signal.grpcPath).body == [0, 0, 0, 0, 0])
    let bare: [UInt8] = [0x0a, 0x07, 0x12, 0x05, 0x12, 0x03, 0x0a, 0x01, 0x6d]
    if signal == .metrics { #expect(try relay.send(bare, path: signal.httpPath).status == 200) }
    relay.stop()
    #expect(sink.server.requests.map(\.body) == (signal == .metrics ? [bare] : []))
  }

  @Test("are refused over the limit, and when they cannot be read, in the request's encoding", arguments: signals)
  func refusals(_ signal: OTLPSignal) throws {
    let relay = try relay(signal, to: "file:/dev/null") { $0.limits.maxRequest = 50_000 }
    let large = Telemetry.request(signal, 10, seed: 1, padding: 10_000)
    let cases: [(body: [UInt8], json: [UInt8], http: Int, grpc: Int)] = [
      (large, try Telemetry.json(signal, large), 413, 8),
      (
        Array(large.dropLast(1).prefix(40_000)),
        Array("{\"\(signal == .metrics ? "resourceMetrics" : "resourceLogs")\":1}".utf8), 400, 3
      ),
    ]
    for (body, json, http, grpc) in cases {
      for coding in [ContentEncoding.identity, .gzip] {
        var headers: HTTPHeaders = ["Content-Type": "application/x-protobuf"]
        if coding == .gzip { headers["Content-Encoding"] = "gzip" }
        let protobuf = try relay.send(Spans.encoded(body, coding), path: signal.httpPath, headers: headers)
        #expect(protobuf.status == http)
        #expect(protobuf.headers["Content-Type"] == "application/x-protobuf")
        #expect(Array(protobuf.body.prefix(3)) == [0x08, UInt8(grpc), 0x12])
        headers["Content-Type"] = "application/json"
        let text = try relay.send(Spans.encoded(json, coding), path: signal.httpPath, headers: headers)
        #expect(text.status == http)
        #expect(text.headers["Content-Type"] == "application/json")
        let object = try JSONSerialization.jsonObject(with: Data(text.body)) as? [String: Any]
        #expect(object?["code"] as? Int == grpc)
        let call = try relay.call(Spans.encoded(body, coding), encoding: coding.rawValue, method: signal.grpcPath)
        #expect(call.status == grpc)
        #expect(call.details == nil)
      }
    }
  }

  @Test("are answered with what to do where they have no destination", arguments: signals)
  func noDestination(_ signal: OTLPSignal) throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"])
    let body = Telemetry.request(signal, 1, seed: 1)
    let protobuf = try relay.send(body, path: signal.httpPath)
    #expect(protobuf.status == 404)
    #expect(String(decoding: protobuf.body, as: UTF8.self).contains("start it with --to-\(signal)"))
    let json = try relay.send(
      Telemetry.json(signal, body), path: signal.httpPath, headers: ["Content-Type": "application/json"])
    #expect(json.status == 404)
    let object = try JSONSerialization.jsonObject(with: Data(json.body)) as? [String: Any]
    #expect(object?["code"] as? Int == 12)
    #expect((object?["message"] as? String)?.contains("start it with --to-\(signal)") == true)
    let call = try relay.call(body, method: signal.grpcPath)
    #expect(call.status == 12)
    #expect(call.message?.contains("--to-\(signal)") == true)
    #expect(relay.stop().accepted.isEmpty)
  }

  @Test("are cut to what a batch may hold, data points of one metric too", arguments: signals, [3, 1000])
  func batchLimits(_ signal: OTLPSignal, _ perMetric: Int) throws {
    let sink = try CollectingSink()
    let relay = try relay(signal, to: sink.url) {
      $0.pipeline.batchItems = 25
      $0.pipeline.batchBytes = 8000
    }
    var expected: Set<String> = []
    for (seed, count, padding) in [(1, 110, 20), (2, 3, 0), (3, 26, 500), (4, 1, 0)] as [(UInt64, Int, Int)] {
      let body = Telemetry.request(signal, count, seed: seed, padding: padding, perMetric: perMetric)
      #expect(try relay.send(body, path: signal.httpPath).status == 200)
      expected.formUnion(Telemetry.ids(signal, count, seed: seed))
    }
    #expect(relay.stop().isComplete)
    #expect(sink.counts == Dictionary(uniqueKeysWithValues: expected.map { ($0, 1) }))
    for request in sink.server.requests {
      let count = try Telemetry.ids(signal, in: request.body).count
      #expect(count > 0 && count <= 25)
      #expect(request.body.count <= 8000)
      // What encloses the items is repeated.
      #expect(String(decoding: request.body, as: UTF8.self).contains("shop"))
      guard signal == .metrics else { continue }
      let metrics = try Telemetry.values(2, in: Telemetry.values(2, in: Telemetry.values(1, in: [request.body])))
      for metric in metrics {
        let text = String(decoding: metric, as: UTF8.self)
        #expect(text.contains("work.done") && text.contains("{item}"))
        for sum in try Telemetry.values(7, in: [metric]) {
          #expect(
            sum.starts(with: [0x10, 2, 0x18, 1]) || (sum.starts(with: [0x10, 2]) && sum.suffix(2) == [0x18, 1]))
        }
      }
    }
  }

  @Test("reach a destination that takes only small requests in parts, points of one metric too", arguments: signals)
  func tooLargeThere(_ signal: OTLPSignal) throws {
    let sink = try CollectingSink { _, request in request.body.count > 1500 ? .text(413, "too large") : nil }
    let relay = try relay(signal, to: sink.url)
    let body = Telemetry.request(signal, 60, seed: 1, padding: 50, perMetric: 1000)
    #expect(body.count > 4000)
    #expect(try relay.send(body, path: signal.httpPath).status == 200)
    let report = relay.stop()
    #expect(report.isComplete)
    #expect(report.lines[0].sent == 60)
    #expect(sink.counts == Dictionary(uniqueKeysWithValues: Telemetry.ids(signal, 60, seed: 1).map { ($0, 1) }))
  }

  @Test("get resource attributes set", arguments: signals)
  func resource(_ signal: OTLPSignal) throws {
    let sink = try CollectingSink()
    let relay = try relay(signal, to: sink.url) { $0.resource = [("region", "eu"), ("service.name", "till")] }
    #expect(try relay.send(Telemetry.request(signal, 4, seed: 1), path: signal.httpPath).status == 200)
    #expect(relay.stop().isComplete)
    #expect(Set(sink.counts.keys) == Telemetry.ids(signal, 4, seed: 1))
    let body = try #require(sink.server.requests.first?.body)
    let resources = try Telemetry.values(1, in: Telemetry.values(1, in: [body]))
    let attributes = try Telemetry.values(1, in: resources).map { String(decoding: $0, as: UTF8.self) }
    #expect(attributes.count == 2)
    #expect(attributes.contains { $0.contains("region") && $0.contains("eu") })
    #expect(attributes.contains { $0.contains("service.name") && $0.contains("till") })
  }

  @Test("are sent again where that may help, and only there", arguments: signals, [(503, true), (404, false)])
  func retries(_ signal: OTLPSignal, _ answer: (status: Int, isRetried: Bool)) throws {
    let sink = try CollectingSink { index, _ in index == 0 ? .text(answer.status, "no") : nil }
    let relay = try relay(signal, to: sink.url)
    #expect(try relay.send(Telemetry.request(signal, 5, seed: 1), path: signal.httpPath).status == 200)
    let line = relay.stop().lines[0]
    #expect(line.retries == (answer.isRetried ? 1 : 0))
    #expect(line.sent == (answer.isRetried ? 5 : 0))
    #expect(line.lost == (answer.isRetried ? 0 : 5))
    #expect(sink.counts.count == (answer.isRetried ? 5 : 0))
  }

  @Test("of partial success, what was rejected is counted in data points and log records", arguments: signals)
  func partialSuccess(_ signal: OTLPSignal) throws {
    // partial_success { rejected_data_points or rejected_log_records = 3, error_message = "old" }
    let partial: [UInt8] = [0x0a, 0x07, 0x08, 0x03, 0x12, 0x03] + Array("old".utf8)
    let http = try StubServer { _ in
      .respond(status: 200, headers: ["Content-Type": "application/x-protobuf"], body: partial)
    }
    let grpc = try StubGRPCServer { _ in
      StubGRPCServer.Answer(body: [0, 0, 0, 0, UInt8(partial.count)] + partial, trailers: [("grpc-status", "0")])
    }
    for url in [http.url, "grpc://127.0.0.1:\(grpc.port)"] {
      let relay = try relay(signal, to: url)
      #expect(try relay.send(Telemetry.request(signal, 10, seed: 1), path: signal.httpPath).status == 200)
      let page = try waitUntil("the rejection on the metrics page") {
        let text = try relay.page("/metrics").text
        let line = text.split(separator: "\n").first {
          $0.hasPrefix("ongrid_relay_rejected_items_total{signal=\"\(signal)\"")
        }
        return line?.hasSuffix(" 3") == true ? text : nil
      }
      #expect(page.contains("ongrid_relay_accepted_items_total{signal=\"\(signal)\",transport=\"http\"} 10\n"))
      let line = relay.stop().lines[0]
      #expect(line.rejected == 3)
      #expect(line.sent == 7)
      #expect(line.lost == 0)
    }
    #expect(http.requests.count == 1)
    #expect(grpc.bodies.count == 1)
  }

  @Test("each signal has its destination, and none gets another's")
  func apart() throws {
    let sinks = try OTLPSignal.allCases.map { _ in try CollectingSink() }
    let relay = try RelayUnderTest(to: sinks.map(\.url)) {
      for (index, signal) in OTLPSignal.allCases.enumerated() { $0.destinations[index].signal = signal }
    }
    for seed in 1...10 as ClosedRange<UInt64> {
      for signal in OTLPSignal.allCases {
        #expect(try relay.send(Telemetry.request(signal, 4, seed: seed), path: signal.httpPath).status == 200)
      }
    }
    #expect(relay.stop().isComplete)
    for (sink, signal) in zip(sinks, OTLPSignal.allCases) {
      #expect(sink.counts.count == 40)
      #expect(sink.server.requests.allSatisfy { $0.path == signal.httpPath })
    }
  }
}

import Compression
import Foundation
import OTLP
import TestSupport
import Testing
import Transport

@testable import Relay

/// The numbered lines of the OTLP specification for receivers.
@Suite struct ReceiverTests {
  @Test(
    "1 accepts uncompressed, gzip and zstd, over both transports", arguments: [ContentEncoding.identity, .gzip, .zstd])
  func encodings(_ encoding: ContentEncoding) throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url])
    for (seed, http2) in [(1, false), (2, true)] as [(UInt64, Bool)] {
      let body = try Spans.encoded(Spans.request(3, seed: seed), encoding)
      var headers: HTTPHeaders = ["Content-Type": "application/x-protobuf"]
      if encoding != .identity { headers["Content-Encoding"] = encoding.rawValue }
      #expect(try relay.send(body, headers: headers, http2: http2).status == 200)
    }
    let call = try relay.call(Spans.encoded(Spans.request(3, seed: 3), encoding), encoding: encoding.rawValue)
    #expect(call.status == 0)
    let report = relay.stop()
    #expect(report.isComplete)
    let expected = Spans.ids(3, seed: 1).union(Spans.ids(3, seed: 2)).union(Spans.ids(3, seed: 3))
    #expect(sink.counts == Dictionary(uniqueKeysWithValues: expected.map { ($0, 1) }))
  }

  @Test("2 limits requests before and after decompression; a bomb is stopped")
  func limits() throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url]) { $0.limits.maxRequest = 100_000 }
    let large = Spans.request(10, seed: 1, padding: 20_000)
    let bomb = try Spans.encoded([UInt8](repeating: 0, count: 50 << 20), .gzip)
    let packed = try Spans.encoded(large, .gzip)
    #expect(large.count > 100_000 && packed.count < 100_000)
    let gzip: HTTPHeaders = ["Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"]
    for http2 in [false, true] {
      #expect(try relay.send(large, http2: http2).status == 413)
      #expect(try relay.send(packed, headers: gzip, http2: http2).status == 413)
      #expect(try relay.send(bomb, headers: gzip, http2: http2).status == 413)
    }
    for call in [
      try relay.call(large), try relay.call(packed, encoding: "gzip"), try relay.call(bomb, encoding: "gzip"),
    ] {
      #expect(call.status == 8)
      // With RetryInfo a client would send it again.
      #expect(call.details == nil)
    }
    #expect(try relay.send(Spans.request(1, seed: 2)).status == 200)
    relay.stop()
    #expect(sink.counts.count == 1)
  }

  @Test("3 an empty request is a success that leaves partial_success unset and sends nothing")
  func empty() throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url])
    let emptyResource: [UInt8] = [0x0a, 0x00]
    for body in [[], emptyResource] {
      let response = try relay.send(body)
      #expect(response.status == 200)
      #expect(response.body.isEmpty)
      let call = try relay.call(body)
      #expect(call.status == 0)
      #expect(call.body == [0, 0, 0, 0, 0])
    }
    let json = try relay.send(Array("{}".utf8), headers: ["Content-Type": "application/json"])
    #expect(json.status == 200)
    #expect(String(decoding: json.body, as: UTF8.self) == "{}")
    relay.stop()
    #expect(sink.server.requests.isEmpty)
  }

  @Test("4 a warning is a partial success that rejects nothing")
  func warning() throws {
    let good = try CollectingSink()
    let stuck = try StubServer { _ in .silence }
    let relay = try RelayUnderTest(to: [good.url, stuck.url]) {
      $0.pipeline.queueMax = 70_000
      $0.drainTimeout = .milliseconds(200)
    }
    var warned: HTTPResponse?
    for seed in 1...20 as ClosedRange<UInt64> where warned == nil {
      let response = try relay.send(Spans.request(10, seed: seed, padding: 2000))
      #expect(response.status == 200)
      if !response.body.isEmpty { warned = response }
      try good.waitForSpans(Int(seed) * 10)
    }
    let body = try #require(warned?.body)
    // partial_success = 1, and in it error_message = 2 but no rejected_spans = 1.
    #expect(body[0] == 0x0a)
    #expect(body[2] == 0x12)
    #expect(String(decoding: body, as: UTF8.self).contains("queue is full"))
    let report = relay.stop()
    #expect(!report.isComplete)
    stuck.stop()
  }

  @Test(
    "5 undecodable data is refused for good",
    arguments: [
      [0x0a], [0x0a, 0x05, 0x01], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0x0b],
      [0x08, 0x01],
      [0x0a, 0x04, 0x12, 0x02, 0x12, 0x09],
    ] as [[UInt8]])
  func undecodable(_ body: [UInt8]) throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"])
    let response = try relay.send(body)
    #expect(response.status == 400)
    #expect(response.headers["Retry-After"] == nil)
    let call = try relay.call(body)
    #expect(call.status == 3)
    #expect(call.details == nil)
    // Damaged compression and damaged JSON are undecodable as well.
    let gzip: HTTPHeaders = ["Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"]
    #expect(try relay.send(body, headers: gzip).status == 400)
    #expect(try relay.call(body, encoding: "gzip").status == 3)
    #expect(try relay.send(body, headers: ["Content-Type": "application/json"]).status == 400)
    let whole = try Spans.encoded(Spans.request(5, seed: 1), .gzip)
    #expect(try relay.send(Array(whole.dropLast(9)), headers: gzip).status == 400)
  }

  @Test("6 overload says when to come back")
  func overload() throws {
    let stuck = try StubServer { _ in .silence }
    let relay = try RelayUnderTest(to: [stuck.url]) {
      $0.pipeline.queueMax = 65_000
      $0.drainTimeout = .milliseconds(200)
    }
    let body = Spans.request(10, seed: 1, padding: 3000)
    var refused: HTTPResponse?
    for _ in 0..<10 where refused == nil {
      let response = try relay.send(body)
      if response.status != 200 { refused = response }
    }
    #expect(refused?.status == 503)
    #expect(refused?.headers["Retry-After"].flatMap { Int($0) } ?? 0 > 0)
    let call = try relay.call(body)
    #expect(call.status == 14)
    let details = try #require(call.details)
    let padded = details + String(repeating: "=", count: (4 - details.count % 4) % 4)
    let status = try #require(Data(base64Encoded: padded))
    #expect(status.range(of: Data("type.googleapis.com/google.rpc.RetryInfo".utf8)) != nil)
    #expect(try relay.page("/readyz").status == 503)
    relay.stop()
    stuck.stop()
  }

  @Test("7 both media types on one port, the response like the request; all else has its status")
  func mediaTypes() throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"])
    let json = try Fixtures.text("otlp/shop.jsonl").split(separator: "\n")[0]
    for http2 in [false, true] {
      let protobuf = try relay.send(Spans.request(1, seed: 1), http2: http2)
      #expect(protobuf.status == 200)
      #expect(protobuf.headers["Content-Type"] == "application/x-protobuf")
      let asJSON = try relay.send(
        Array(json.utf8), headers: ["Content-Type": "application/json; charset=utf-8"], http2: http2)
      #expect(asJSON.status == 200)
      #expect(asJSON.headers["Content-Type"] == "application/json")
      #expect(try relay.send([], headers: ["Content-Type": "text/plain"], http2: http2).status == 415)
      #expect(try relay.send([], headers: [:], http2: http2).status == 415)
      let get = try relay.send([], method: .get, headers: [:], http2: http2)
      #expect(get.status == 405)
      #expect(get.headers["Allow"] == "POST")
      #expect(try relay.send([], path: "/v2/traces", http2: http2).status == 404)
      let metrics = try relay.send([], path: "/v1/metrics", http2: http2)
      #expect(metrics.status == 404)
      #expect(String(decoding: metrics.body, as: UTF8.self).contains("--to-metrics"))
      let coding: HTTPHeaders = ["Content-Type": "application/x-protobuf", "Content-Encoding": "br"]
      #expect(try relay.send([1], headers: coding, http2: http2).status == 415)
    }
  }

  @Test("8 success is 200 with a serialized response")
  func success() throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"])
    let response = try relay.send(Spans.request(1, seed: 1))
    #expect(response.status == 200)
    // An ExportTraceServiceResponse without fields has no bytes.
    #expect(response.body.isEmpty)
    #expect(response.headers["Content-Length"] == "0")
  }

  @Test("9 every error body is a Status in the request's encoding")
  func errorBodies() throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"]) { $0.limits.maxRequest = 1000 }
    let requests: [(path: String, method: HTTPRequest.Method, body: [UInt8], status: Int, code: Int)] = [
      ("/v1/traces", .post, Array("!".utf8), 400, 3), ("/nowhere", .post, [], 404, 12),
      ("/v1/logs", .post, [], 404, 12),
      ("/v1/traces", .get, [], 405, 12), ("/v1/traces", .post, [UInt8](repeating: 0, count: 2000), 413, 8),
    ]
    for request in requests {
      let json = try relay.send(
        request.body, path: request.path, method: request.method, headers: ["Content-Type": "application/json"])
      #expect(json.status == request.status)
      #expect(json.headers["Content-Type"] == "application/json")
      let object = try JSONSerialization.jsonObject(with: Data(json.body)) as? [String: Any]
      #expect(object?["code"] as? Int == request.code)
      #expect((object?["message"] as? String)?.isEmpty == false)

      let protobuf = try relay.send(request.body, path: request.path, method: request.method)
      #expect(protobuf.status == request.status)
      #expect(protobuf.headers["Content-Type"] == "application/x-protobuf")
      #expect(Array(protobuf.body.prefix(3)) == [0x08, UInt8(request.code), 0x12])
      #expect(Int(protobuf.body[3]) == protobuf.body.count - 4)
    }
  }

  @Test("10 JSON: ids, numbers, unknown fields, null, special numbers")
  func json() throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url])
    let text = """
      {"unknown":[{"deep":{}}],"resourceSpans":[{"resource":{"attributes":[
        {"key":"b","value":{"bytesValue":"AQID"}},{"key":"i","value":{"intValue":"9007199254740993"}},
        {"key":"n","value":{"intValue":7}},{"key":"f","value":{"doubleValue":"NaN"}},
        {"key":"g","value":{"doubleValue":"-Infinity"}}],"later":1},
      "scopeSpans":[{"scope":null,"spans":[
        {"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"eee19b7ec3c1b174","parentSpanId":null,"name":"a",
         "kind":2,"startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661000000000,
         "status":{"code":2},"extra":{"x":[1,2]}}]}]}]}
      """
    let headers: HTTPHeaders = ["Content-Type": "application/json"]
    #expect(try relay.send(Array(text.utf8), headers: headers).status == 200)
    for wrong in [
      #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}"#, #"{"resourceSpans":{}}"#, "[", "null",
      #"{"resourceSpans":[]} {}"#, "",
    ] {
      #expect(try relay.send(Array(wrong.utf8), headers: headers).status == 400, "\(wrong)")
    }
    relay.stop()
    #expect(sink.counts == ["5b8efff798038103d269b633813fc60c": 1])
    let body = try #require(sink.server.requests.first?.body)
    try body.withByteView { view in
      var resources = RequestView(view).resourceSpans
      let resource = try #require(try resources.next()).resource
      var values: [String] = []
      try resource.attributes.forEach { (attribute) throws(WireError) in
        switch try attribute.value {
        case .bytes(let bytes): values.append("\([UInt8](bytes))")
        case .int(let value): values.append("\(value)")
        case .double(let value): values.append("\(value)")
        default: values.append("?")
        }
      }
      #expect(values == ["[1, 2, 3]", "9007199254740993", "7", "nan", "-inf"])
    }
  }

  @Test("11 CORS where origins are configured, and only there")
  func cors() throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"]) { $0.corsOrigins = ["https://shop.example"] }
    let preflight = { (origin: String) in
      try RawClient(port: relay.port).exchange(
        "OPTIONS /v1/traces HTTP/1.1\r\nHost: x\r\nOrigin: \(origin)\r\nAccess-Control-Request-Method: POST\r\n"
          + "Access-Control-Request-Headers: content-type,traceparent\r\n\r\n")
    }
    let allowed = try preflight("https://shop.example")
    #expect(allowed.status == 204)
    #expect(allowed.headers["access-control-allow-origin"] == "https://shop.example")
    #expect(allowed.headers["access-control-allow-methods"] == "POST")
    #expect(allowed.headers["access-control-allow-headers"] == "content-type,traceparent")
    // sendBeacon and fetch with credentials ask for it.
    #expect(allowed.headers["access-control-allow-credentials"] == "true")
    let refused = try preflight("https://evil.example")
    #expect(refused.status == 405)
    #expect(refused.headers["access-control-allow-origin"] == nil)
    let headers: HTTPHeaders = ["Content-Type": "application/x-protobuf", "Origin": "https://shop.example"]
    let post = try relay.send(Spans.request(1, seed: 1), headers: headers)
    #expect(post.headers["Access-Control-Allow-Origin"] == "https://shop.example")
    #expect(post.headers["Access-Control-Allow-Credentials"] == "true")
    let other: HTTPHeaders = ["Content-Type": "application/x-protobuf", "Origin": "https://evil.example"]
    #expect(try relay.send(Spans.request(1, seed: 1), headers: other).headers["Access-Control-Allow-Origin"] == nil)
  }
}

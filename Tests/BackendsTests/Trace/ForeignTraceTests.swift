import Foundation
import JSON
import OTLP
import Platform
import TestSupport
import Testing
import TraceFormats

@testable import Backends
@testable import Transport

/// Jaeger and Zipkin behind stubs that follow their documented API.
@Suite struct ForeignTraceTests {
  private let version3 = """
    {"result":{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"api"}}]},\
    "scopeSpans":[{"scope":{"name":"s"},"spans":[{"traceId":"000102030405060708090a0b0c0d0e0f",\
    "spanId":"0001020304050607","name":"GET /","kind":2,"startTimeUnixNano":"1795417000000000000",\
    "endTimeUnixNano":"1795417001000000000","status":{"code":2}}]}]}]}}
    """
  private let version1 = """
    {"data":[{"traceID":"102030405060708090a0b0c0d0e0f","spans":[{"traceID":"102030405060708090a0b0c0d0e0f",\
    "spanID":"1020304050607","operationName":"GET /","references":[{"refType":"CHILD_OF",\
    "traceID":"102030405060708090a0b0c0d0e0f","spanID":"aa"}],"startTime":1795417000000000,"duration":1000000,\
    "tags":[{"key":"span.kind","type":"string","value":"server"},{"key":"error","type":"bool","value":true},\
    {"key":"http.status","type":"int64","value":500},{"key":"ratio","type":"float64","value":0.5},\
    {"key":"otel.status_description","type":"string","value":"boom"},\
    {"key":"otel.scope.name","type":"string","value":"s"}],"logs":[{"timestamp":1795417000500000,"fields":[\
    {"key":"event","type":"string","value":"exception"},{"key":"exception.type","type":"string","value":"X"}]}],\
    "processID":"p1"}],"processes":{"p1":{"serviceName":"api","tags":[{"key":"host","type":"string","value":"h"}]}}}]}
    """
  private let zipkin = """
    [[{"traceId":"102030405060708090a0b0c0d0e0f","id":"1020304050607","parentId":"aa","name":"get /","kind":"SERVER",\
    "timestamp":1795417000000000,"duration":1000000,"localEndpoint":{"serviceName":"api"},\
    "remoteEndpoint":{"ipv4":"10.0.0.1","port":80},"tags":{"http.status":"500","error":"boom","flag":"true","v":"01"},\
    "annotations":[{"timestamp":1795417000500000,"value":"retry"}]}]]
    """

  /// The spans as OTLP/JSON, for looking at.
  private func json(_ otlp: [UInt8]) throws -> JSONValue {
    try otlp.withByteView { view in
      var buffer = ByteBuffer()
      try OTLPJSONWriter().write(view, .traces, into: &buffer)
      return try JSONDocument.parse(buffer.view)
    }
  }

  private func traces(_ text: String) throws -> [UInt8] {
    try Array(text.utf8).withByteView { try TraceJSON.traces(in: $0) }
  }

  private func attribute(_ span: JSONValue?, _ key: String) -> JSONValue? {
    span?["attributes"]?.elements?.first { $0["key"]?.string == key }?["value"]?.members?.first?.value
  }

  @Test func jaegerVersion1BecomesOTLP() throws {
    let resource = try json(traces(version1))["resourceSpans"]?[0]
    let span = resource?["scopeSpans"]?[0]?["spans"]?[0]
    #expect(attribute(resource?["resource"], "service.name")?.string == "api")
    #expect(attribute(resource?["resource"], "host")?.string == "h")
    #expect(resource?["scopeSpans"]?[0]?["scope"]?["name"]?.string == "s")
    #expect(span?["traceId"]?.string == "000102030405060708090a0b0c0d0e0f")
    #expect(span?["spanId"]?.string == "0001020304050607")
    #expect(span?["parentSpanId"]?.string == "00000000000000aa")
    #expect(span?["startTimeUnixNano"]?.string == "1795417000000000000")
    #expect(span?["endTimeUnixNano"]?.string == "1795417001000000000")
    #expect(span?["status"]?["code"]?.int64 == 2)
    #expect(span?["status"]?["message"]?.string == "boom")
    #expect(attribute(span, "http.status")?.string == "500")
    #expect(attribute(span, "ratio")?.double == 0.5)
    #expect(span?["events"]?[0]?["name"]?.string == "exception")
    #expect(attribute(span?["events"]?[0], "exception.type")?.string == "X")
  }

  @Test func zipkinBecomesOTLP() throws {
    let resource = try json(traces(zipkin))["resourceSpans"]?[0]
    let span = resource?["scopeSpans"]?[0]?["spans"]?[0]
    #expect(attribute(resource?["resource"], "service.name")?.string == "api")
    #expect(span?["traceId"]?.string == "000102030405060708090a0b0c0d0e0f")
    #expect(span?["kind"]?.int64 == 2)
    #expect(span?["status"]?["message"]?.string == "boom")
    #expect(attribute(span, "http.status")?.string == "500")
    #expect(attribute(span, "flag")?.bool == true)
    #expect(attribute(span, "v")?.string == "01")
    #expect(attribute(span, "net.peer.ip")?.string == "10.0.0.1")
    #expect(span?["events"]?[0]?["timeUnixNano"]?.string == "1795417000500000000")
  }

  @Test(arguments: [
    "{}", "[]", "[1,[2,{}]]", "{\"data\":[{\"spans\":[{\"traceID\":\"zz\"}]}]}",
    "[{\"traceId\":\"1\",\"id\":\"2\",\"timestamp\":9223372036854775807,\"duration\":9223372036854775807}]",
    "{\"data\":[{\"spans\":[{\"traceID\":\"1\",\"spanID\":\"2\",\"startTime\":-5,\"duration\":9223372036854775807}]}]}",
  ])
  func nonsenseDoesNotCrash(_ text: String) throws {
    if let otlp = try? traces(text) { _ = try json(otlp) }
  }

  @Test func jaegerFallsBackToVersion1() throws {
    let old = version1
    let new = version3
    for hasVersion3 in [true, false] {
      let server = try StubServer { request in
        let isNew = request.path.hasPrefix("/api/v3")
        if isNew && !hasVersion3 { return .text(404, "404 page not found") }
        return .ok(isNew ? new : old)
      }
      let client = try JaegerClient(url: HTTPURL(server.url))
      for _ in 0..<2 {
        let otlp = try #require(try client.trace("102030405060708090a0b0c0d0e0f"))
        let span = try json(otlp)["resourceSpans"]?[0]?["scopeSpans"]?[0]?["spans"]?[0]
        #expect(span?["name"]?.string == "GET /")
      }
      let paths = server.requests.map(\.path)
      let id = "000102030405060708090a0b0c0d0e0f"
      #expect(
        paths
          == (hasVersion3
            ? ["/api/v3/traces/\(id)", "/api/v3/traces/\(id)"]
            : ["/api/v3/traces/\(id)", "/api/traces/\(id)", "/api/traces/\(id)"]))
    }
  }

  @Test func missingTracesAreNil() throws {
    let jaeger = try StubServer { request in
      .respond(
        status: 404, headers: ["Content-Type": "application/json"],
        body: Array("{\"error\":{\"httpCode\":404,\"message\":\"trace not found\"}}".utf8))
    }
    #expect(try JaegerClient(url: HTTPURL(jaeger.url)).trace("1") == nil)
    let zipkin = try StubServer { _ in .text(404, "1 not found") }
    #expect(try ZipkinClient(url: HTTPURL(zipkin.url)).trace("1") == nil)
    #expect(throws: BackendError.self) { try ZipkinClient(url: HTTPURL(zipkin.url)).trace("xyz") }
  }

  @Test func pushesDownAndEvaluatesTheRest() throws {
    let old = version1
    let new = version3
    let zipkinBody = zipkin
    let server = try StubServer { request in
      switch request.path {
      case "/api/v3/traces": .ok(new)
      case "/api/v2/traces": .ok(zipkinBody)
      case "/api/traces": .ok(old)
      default: .text(404, "404 page not found")
      }
    }
    let start = Timestamp(nanoseconds: 1_795_416_000_000_000_000)
    let end = Timestamp(nanoseconds: 1_795_418_000_000_000_000)
    let base = #"resource.service.name = "api" && duration > 500ms"#
    for backend in [
      try JaegerClient(url: HTTPURL(server.url)) as TraceBackend, try ZipkinClient(url: HTTPURL(server.url)),
    ] {
      // What the store cannot know, such as the length of a name, is decided here.
      for (rest, count) in [("kind = server", 1), ("name =~ \"(?i)GET .*\"", 1), ("name =~ \"POST.*\"", 0)] {
        let request = TraceSearchRequest(query: "{ \(base) && \(rest) }", start: start, end: end, limit: 5)
        let found = try backend.search(request)
        #expect(found.count == count, "\(rest)")
        if count == 1 {
          #expect(found[0].id == "000102030405060708090a0b0c0d0e0f")
          #expect(found[0].spans[0].id == "0001020304050607")
        }
      }
      var body = ""
      let metrics = TraceMetricsRequest(query: "{ \(base) } | count_over_time()", start: start, end: end, step: nil)
      try backend.metrics(metrics) {
        body += String(decoding: $0, as: UTF8.self)
        return true
      }
      #expect(body.contains("\"series\":[{"), "\(body)")
    }
    let jaeger = try #require(server.requests.first { $0.path == "/api/v3/traces" }).query
    #expect(jaeger["query.service_name"] == "api")
    #expect(jaeger["query.duration_min"] == "500000000ns")
    #expect(jaeger["query.start_time_min"] == "2026-11-23T06:40:00Z")
    #expect(jaeger["query.attributes"] == "{\"span.kind\":\"server\"}")
    let zipkin = try #require(server.requests.first { $0.path == "/api/v2/traces" }).query
    #expect(zipkin["serviceName"] == "api" && zipkin["minDuration"] == "500000")
    #expect(zipkin["lookback"] == "2000000" && zipkin["endTs"] == "1795418000000")
  }

  @Test func refusesWhatCannotBeNarrowed() throws {
    let server = try StubServer { _ in .ok("[]") }
    let request = TraceSearchRequest(query: "{ status = error }")
    let jaeger = #expect(throws: BackendError.self) {
      try JaegerClient(url: HTTPURL(server.url)).search(request, into: { _ in true })
    }
    #expect(jaeger?.description.contains("resource.service.name") == true)
    let zipkin = #expect(throws: BackendError.self) {
      try ZipkinClient(url: HTTPURL(server.url)).search(TraceSearchRequest(query: "{ }"), into: { _ in true })
    }
    #expect(zipkin?.description.contains("cannot narrow") == true)
    #expect(server.requests.isEmpty)
  }

  @Test func listsServices() throws {
    let server = try StubServer { request in
      switch request.path {
      case "/api/v3/services": .ok("{\"services\":[\"b\",\"a\"]}")
      case "/api/v2/services": .ok("[\"b\",\"a\"]")
      default: .text(404, "")
      }
    }
    var answers: [String] = []
    for backend in [
      try JaegerClient(url: HTTPURL(server.url)) as TraceBackend, try ZipkinClient(url: HTTPURL(server.url)),
    ] {
      try backend.tagValues("resource.service.name", matching: nil, start: nil, end: nil) {
        answers.append(String(decoding: $0, as: UTF8.self))
        return true
      }
    }
    let expected = "{\"tagValues\":[{\"type\":\"string\",\"value\":\"a\"},{\"type\":\"string\",\"value\":\"b\"}]}"
    #expect(answers == [expected, expected])
  }
}

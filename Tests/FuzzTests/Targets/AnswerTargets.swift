import JSON
import OTLP
import Platform
import TestSupport
import TraceFormats
import TraceQL

@testable import Backends
@testable import Transport

extension FuzzTarget {
  private static func answerSeeds() throws -> [[UInt8]] {
    let jaeger = """
      {"data":[{"traceID":"1","spans":[{"traceID":"1","spanID":"2","operationName":"a","startTime":1,"duration":2,
      "references":[{"refType":"CHILD_OF","traceID":"1","spanID":"3"}],"tags":[{"key":"span.kind","type":"string",
      "value":"server"},{"key":"n","type":"int64","value":"7"}],"logs":[{"timestamp":1,"fields":[{"key":"event","value":"e"}]}],
      "processID":"p1"}],"processes":{"p1":{"serviceName":"s","tags":[]}}}]}
      """
    let zipkin = """
      [[{"traceId":"1","id":"2","parentId":"3","name":"a","kind":"CLIENT","timestamp":1,"duration":2,"localEndpoint":
      {"serviceName":"s"},"remoteEndpoint":{"serviceName":"r","ipv4":"1.2.3.4","port":80},"tags":{"error":"x","n":"7"},
      "annotations":[{"timestamp":1,"value":"e"}]}]]
      """
    let fixtures = [
      "prometheus/query-range.json", "prometheus/query-scalar.json", "prometheus/query-vector.json",
      "loki/query-range.json", "tempo/search.json", "tempo/search-select.json", "tempo/metrics-query-instant.json",
      "tempo/trace-v1.json", "tempo/trace-v2.json",
    ]
    return try fixtures.map { try Fixtures.bytes($0) } + [Array(jaeger.utf8), Array(zipkin.utf8)]
  }

  /// What Prometheus, Loki, Tempo, Jaeger and Zipkin answer, each given to all of their readers.
  static let answers = FuzzTarget("answers", seeds: answerSeeds) { view in
    let client = try BackendClient(url: HTTPURL("http://localhost:1"))
    _ = try? TempoTraceAnswer(json: [UInt8](view))
    _ = try? TempoTraceAnswer(protobuf: [UInt8](view))
    guard let answer = try? client.parse([UInt8](view)) else { return }
    if let data = answer["data"] {
      _ = try? PrometheusDecoder.result(data, client)
      for element in data.elements ?? [] { _ = PrometheusDecoder.exemplars(element) }
      _ = LokiClient.entries(data["result"]?.elements ?? [], .backward, 10)
    }
    _ = SearchResult(answer: answer)
    _ = MetricsResult(answer: answer)
    if let otlp = try? TraceJSON.traces(in: view) { _ = try TraceAnswer.json(otlp, client) }
  }

  private static func statusSeeds() throws -> [[UInt8]] {
    let details = "CAQSBGJ1c3kaNwopdHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIKCggIAxCAlOvcAw"
    return [
      Array("200\n14\nbusy%20now\n\(details)\n".utf8), Array("200\n0\n\n\n".utf8) + [0, 0, 0, 0, 4, 0x0a, 2, 8, 3],
      Array("503\n\n\n\n".utf8) + [0x08, 0x0e, 0x12, 1, 0x78],
    ]
  }

  /// What an OTLP server answers over HTTP and gRPC: status, message, details and body.
  static let status = FuzzTarget("status", seeds: statusSeeds) { view in
    let lines = [UInt8](view).split(separator: 0x0a, maxSplits: 4, omittingEmptySubsequences: false)
    guard lines.count == 5 else { return }
    let text = lines.map { String(decoding: $0, as: UTF8.self) }
    var response = HTTPResponse(status: Int(text[0]) ?? 200)
    response.trailers.addReceived("grpc-status", text[1])
    response.trailers.addReceived("grpc-message", text[2])
    response.trailers.addReceived("grpc-status-details-bin", text[3])
    response.headers.addReceived("content-type", "application/x-protobuf")
    response.body.append(contentsOf: lines[4])
    switch OTLPAnswer.grpc(response) {
    case .failed(let reason, let after, _):
      if let after { try hold(after >= .zero && after <= RetryAfter.maximum, "a wait of \(after)") }
      try hold(!reason.utf8.contains { $0 < 0x20 }, "a reason with control characters")
    case .refused(let reason, _): try hold(!reason.utf8.contains { $0 < 0x20 }, "a reason with control characters")
    case .delivered, .cancelled: break
    }
    if case .delivered(_, let message?) = OTLPAnswer.partialSuccess(lines[4]) {
      try hold(message.count <= 301, "a message of \(message.count) characters")
    }
    _ = OTLPAnswer.message(ofErrorBody: response)
  }
}

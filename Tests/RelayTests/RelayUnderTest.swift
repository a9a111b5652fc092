import Compression
import Foundation
import HTTPServer
import OTLP
import Platform
import Synchronization
import TestSupport
import Transport

@testable import Relay

/// A relay on ports of the system's choice, in this process.
final class RelayUnderTest {
  let service: RelayService
  let port: Int
  let adminPort: Int
  private var isStopped = false

  /// - Parameter change: what the test wants otherwise than a quick relay to `destinations`.
  init(
    to destinations: [String], log: Log = .discarding, change: (inout RelayConfiguration) -> Void = { _ in }
  ) throws {
    var configuration = RelayConfiguration()
    configuration.destinations = destinations.map {
      RelayConfiguration.DestinationSettings(url: $0, compression: .identity)
    }
    configuration.listenGRPC = nil
    configuration.listenHTTP = ListenAddress(host: "127.0.0.1", port: 0)
    configuration.listenAdmin = ListenAddress(host: "127.0.0.1", port: 0)
    configuration.pipeline.batchTimeout = .milliseconds(5)
    configuration.pipeline.retry = RetryPolicy(
      initial: .milliseconds(5), maximum: .milliseconds(20), giveUpAfter: .seconds(20))
    configuration.drainTimeout = .seconds(10)
    change(&configuration)
    service = try RelayService(configuration, log: log)
    try service.start()
    port = Int(service.receivers[0].port)
    adminPort = Int(service.admin?.port ?? 0)
  }

  @discardableResult
  func stop() -> RelayReport {
    isStopped = true
    return service.stop()
  }

  deinit { if !isStopped { _ = service.stop() } }

  /// One exchange with the relay over a real client.
  func send(
    _ body: [UInt8], path: String = "/v1/traces", method: HTTPRequest.Method = .post,
    headers: HTTPHeaders = ["Content-Type": "application/x-protobuf"], http2: Bool = false, port: Int? = nil,
    url: String? = nil
  ) throws -> HTTPResponse {
    var options = HTTPOptions()
    options.version = http2 ? .http2PriorKnowledge : .http1
    let client = try HTTPClient(options: options)
    return try client.send(
      HTTPRequest(
        method: method, url: try HTTPURL((url ?? "http://127.0.0.1:\(port ?? self.port)") + path), headers: headers,
        body: .bytes(body), acceptsCompression: false))
  }

  /// A gRPC call; status, message and details as a client sees them.
  func call(
    _ message: [UInt8], encoding: String? = nil, isCompressed: Bool? = nil,
    method: String = "/opentelemetry.proto.collector.trace.v1.TraceService/Export", headers: HTTPHeaders = [:],
    rawFrame: [UInt8]? = nil
  ) throws -> Call {
    var fields: HTTPHeaders = ["Content-Type": "application/grpc", "TE": "trailers"]
    if let encoding { fields["grpc-encoding"] = encoding }
    for field in headers.fields { fields[field.name] = field.value }
    let size = UInt32(message.count)
    let flag: UInt8 = isCompressed ?? (encoding != nil && encoding != "identity") ? 1 : 0
    let frame = rawFrame ?? [flag] + (0..<4).map { UInt8(truncatingIfNeeded: size >> UInt32(24 - 8 * $0)) } + message
    let response = try send(frame, path: method, headers: fields, http2: true)
    let field = { (name: String) in response.trailers[name] ?? response.headers[name] }
    return Call(
      status: field("grpc-status").flatMap { Int($0) }, message: field("grpc-message"),
      details: field("grpc-status-details-bin"), acceptedEncodings: field("grpc-accept-encoding"), body: response.body)
  }

  struct Call {
    let status: Int?
    let message: String?
    let details: String?
    let acceptedEncodings: String?
    let body: [UInt8]
  }

  /// The text of an admin page.
  func page(_ path: String) throws -> (status: Int, text: String) {
    let response = try send([], path: path, method: .get, headers: [:], port: adminPort)
    return (response.status, String(decoding: response.body, as: UTF8.self))
  }
}

/// A destination that collects the ids of the spans, data points and log records it gets, over HTTP.
final class CollectingSink: Sendable {
  let server: StubServer
  private let state: State

  private final class State: Sendable {
    let ids = Monitor<[String: Int]>([:])
    let requests = Atomic<Int>(0)
  }

  /// - Parameters:
  ///   - answer: what to answer to the request of that number, from 0; `nil` takes it.
  ///   - success: what to answer when it has been taken, if not a plain success.
  init(
    _ answer: @escaping @Sendable (Int, StubServer.Request) -> StubServer.Answer? = { _, _ in nil },
    success: @escaping @Sendable (Int) -> StubServer.Answer? = { _ in nil }
  ) throws {
    let state = State()
    self.state = state
    server = try StubServer { request in
      let index = state.requests.add(1, ordering: .relaxed).oldValue
      if let refusal = answer(index, request) { return refusal }
      do {
        let body = try Spans.decoded(request.body, request.headers["content-encoding"])
        let ids = try Telemetry.ids(OTLPSignal(httpPath: request.path) ?? .traces, in: body)
        state.ids.withLock { counts in
          for id in ids { counts[id, default: 0] += 1 }
        }
      } catch {
        return .text(400, "\(error)")
      }
      return success(index) ?? .respond(status: 200, headers: ["Content-Type": "application/x-protobuf"])
    }
  }

  var url: String { server.url }

  /// How often each item came, by its id.
  var counts: [String: Int] { state.ids.withLock { $0 } }

  func waitForSpans(_ count: Int) throws {
    try waitUntil("\(count) spans at the sink") { counts.count >= count }
  }
}

/// Spans made for tests, and read back.
enum Spans {
  /// A request of `count` spans, with ids that begin with `seed`.
  static func request(_ count: Int, seed: UInt64, service: String = "shop", padding: Int = 0) -> [UInt8] {
    var message = ByteBuffer()
    message.appendField(1) { resourceSpans in
      resourceSpans.appendField(1) { resource in
        resource.appendField(1) { attribute in
          attribute.appendField(1, string: "service.name")
          attribute.appendField(2) { $0.appendField(1, string: service) }
        }
      }
      resourceSpans.appendField(2) { scopeSpans in
        for index in 0..<count {
          scopeSpans.appendField(2) { span in
            var id = ByteBuffer()
            id.append(bigEndian: seed)
            id.append(bigEndian: UInt64(index + 1))
            span.appendField(1, bytes: id.view)
            span.appendField(2, bytes: id.view.dropFirst(8))
            span.appendField(5, string: "work" + String(repeating: "x", count: padding))
            span.appendField(7, fixed64: 1_795_400_000_000_000_000)
            span.appendField(8, fixed64: 1_795_400_000_001_000_000)
          }
        }
      }
    }
    return [UInt8](message.view)
  }

  /// The ids of the spans of a request of `request`.
  static func ids(_ count: Int, seed: UInt64) -> Set<String> {
    Set((0..<count).map { hex(seed) + hex(UInt64($0 + 1)) })
  }

  private static func hex(_ value: UInt64) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }

  /// The trace ids in a request.
  static func ids(in body: [UInt8]) throws -> [String] {
    var ids: [String] = []
    try body.withByteView { view in
      try RequestView(view).resourceSpans.forEach { (resourceSpans) throws(WireError) in
        try resourceSpans.scopeSpans.forEach { (scopeSpans) throws(WireError) in
          try scopeSpans.spans.forEach { ids.append(Hex.encode($0.traceID)) }
        }
      }
    }
    return ids
  }

  static func encoded(_ body: [UInt8], _ encoding: ContentEncoding) throws -> [UInt8] {
    var compressor = try Compressor(encoding)
    var out = ByteBuffer()
    try body.withByteView { (view) throws(CompressionError) in try compressor.compress(view, into: &out) }
    return [UInt8](out.view)
  }

  static func decoded(_ body: [UInt8], _ encoding: String?) throws -> [UInt8] {
    guard let encoding, let known = ContentEncoding(rawValue: encoding) else { return body }
    var decompressor = Decompressor()
    var out = ByteBuffer()
    try body.withByteView { (view) throws(CompressionError) in
      try decompressor.decompress(view, known, into: &out, limit: 256 << 20)
    }
    return [UInt8](out.view)
  }
}

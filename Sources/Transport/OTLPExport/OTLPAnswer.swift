import Libc
import OTLP
import Platform

/// Reads what an OTLP server answered.
enum OTLPAnswer {
  /// Export…ServiceResponse: partial_success=1 { rejected=1, error_message=2 }, alike for all signals.
  ///
  /// A body that does not parse means accepted: the status already said so.
  static func partialSuccess(_ body: some Collection<UInt8>) -> ExportOutcome {
    let result: ExportOutcome? = Array(body).withByteView { view in
      try? readPartialSuccess(view)
    }
    return result ?? .delivered()
  }

  private static func readPartialSuccess(_ view: ByteView) throws(WireError) -> ExportOutcome {
    var rejected: Int64 = 0
    var message = ""
    var cursor = WireCursor(view)
    while let tag = try cursor.nextTag() {
      guard tag == WireTag(field: 1, .lengthDelimited) else {
        try cursor.skip(tag)
        continue
      }
      var partial = WireCursor(try cursor.bytes())
      while let tag = try partial.nextTag() {
        switch tag {
        case WireTag(field: 1, .varint): rejected = Int64(bitPattern: try partial.varint())
        case WireTag(field: 2, .lengthDelimited): message = ErrorMessage.line(String(try partial.bytes()))
        default: try partial.skip(tag)
        }
      }
    }
    return .delivered(rejected: Int(clamping: max(rejected, 0)), message: message.isEmpty ? nil : message)
  }

  /// The result of a unary call from its status, in trailers or (without a body) in headers.
  static func grpc(_ response: HTTPResponse) -> ExportOutcome {
    let field = { (name: String) in response.trailers[name] ?? response.headers[name] }
    guard let code = field("grpc-status").flatMap({ Int($0) }) else { return proxy(response) }
    let status = GRPCStatus(code: code)
    if status == .ok {
      return GRPCFraming.message(in: response.body).map { partialSuccess($0) } ?? .delivered()
    }
    let message = field("grpc-message").map { ErrorMessage.line(PercentEncoding.decode($0)) } ?? ""
    let reason = "gRPC \(status.name)" + suffix(message)
    let delay = field("grpc-status-details-bin").flatMap { Array($0.utf8).withByteView { Base64.decode($0) } }.flatMap {
      retryDelay($0)
    }
    guard Retryable.isRetryable(grpcStatus: status, hasRetryInfo: delay != nil) else {
      return .refused(reason: reason, scope: RefusalScope(grpcStatus: status, message: message))
    }
    return .failed(reason: reason, retryAfter: delay, cause: .overload)
  }

  /// The result of a call that something between us and the server has answered, in plain HTTP: nginx says 413 and 503 so.
  private static func proxy(_ response: HTTPResponse) -> ExportOutcome {
    // gRPC demands a status; without one the stream broke.
    guard !response.isSuccess else { return .failed(reason: "the gRPC answer has no status", cause: .connection) }
    return http(response, reason: "gRPC \(GRPCStatus(httpStatus: response.status).name): HTTP \(response.status)")
  }

  /// What an HTTP status other than success means.
  static func http(_ response: HTTPResponse, reason: String) -> ExportOutcome {
    var reason = reason
    if (300...399).contains(response.status), let location = response.headers["Location"] {
      reason += "; it redirects to \(HTTPURL.redacted(String(location.prefix { $0 != "?" })))"
    }
    guard Retryable.isRetryable(httpStatus: response.status) else {
      return .refused(reason: reason, scope: RefusalScope(httpStatus: response.status))
    }
    let after = response.headers["Retry-After"].flatMap { RetryAfter.parse($0, now: time(nil)) }
    return .failed(reason: reason, retryAfter: after, cause: .overload)
  }

  /// google.rpc.Status { details=3 Any { type_url=1, value=2 RetryInfo { retry_delay=1 Duration } } }.
  static func retryDelay(_ status: [UInt8]) -> Duration? {
    status.withByteView { view in
      var result: Duration?
      try? forEach(3, in: view) { (detail) throws(WireError) in
        var isRetryInfo = false
        try forEach(1, in: detail) { isRetryInfo = String($0).hasSuffix("google.rpc.RetryInfo") }
        guard isRetryInfo else { return }
        result = .zero
        try forEach(2, in: detail) { (info) throws(WireError) in
          try forEach(1, in: info) { (delay) throws(WireError) in result = try duration(delay) }
        }
      }
      return result.map { min(max($0, .zero), RetryAfter.maximum) }
    }
  }

  private static func duration(_ message: ByteView) throws(WireError) -> Duration {
    var seconds: Int64 = 0
    var nanoseconds: Int64 = 0
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      switch tag {
      case WireTag(field: 1, .varint): seconds = Int64(bitPattern: try cursor.varint())
      case WireTag(field: 2, .varint): nanoseconds = Int64(bitPattern: try cursor.varint())
      default: try cursor.skip(tag)
      }
    }
    return .seconds(min(max(seconds, 0), 1 << 32)) + .nanoseconds(min(max(nanoseconds, 0), 999_999_999))
  }

  /// Calls `body` with every length-delimited field number `field` of `message`.
  private static func forEach(
    _ field: Int, in message: ByteView, _ body: (ByteView) throws(WireError) -> Void
  ) throws(WireError) {
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      if tag == WireTag(field: field, .lengthDelimited) {
        try body(try cursor.bytes())
      } else {
        try cursor.skip(tag)
      }
    }
  }

  /// What an HTTP error body says: google.rpc.Status { message=2 }, or plain text.
  static func message(ofErrorBody response: HTTPResponse) -> String {
    let type = response.headers["Content-Type"] ?? ""
    if type.hasPrefix("application/x-protobuf") {
      var message = ""
      response.body.withByteView { view in try? forEach(2, in: view) { message = ErrorMessage.line(String($0)) } }
      return message
    }
    return ErrorMessage.of(response)
  }

  static func suffix(_ message: String) -> String { message.isEmpty ? "" : ": " + message }
}

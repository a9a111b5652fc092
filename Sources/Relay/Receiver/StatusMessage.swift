import JSON
import OTLP
import Platform

/// The bodies of OTLP/HTTP responses, in the request's encoding.
enum StatusMessage {
  /// google.rpc.Status: code = 1, message = 2.
  static func write(_ refusal: Refusal, into buffer: inout ByteBuffer) {
    buffer.appendField(1, varint: UInt64(refusal.grpcStatus.rawValue))
    buffer.appendField(2, string: refusal.message)
  }

  /// `grpc-status-details-bin`: a google.rpc.Status with a RetryInfo, in base64 without padding.
  static func retryDetails(_ refusal: Refusal, seconds: Int) -> String {
    var status = ByteBuffer()
    write(refusal, into: &status)
    status.appendField(3) { any in
      any.appendField(1, string: "type.googleapis.com/google.rpc.RetryInfo")
      any.appendField(2) { info in
        info.appendField(1) { duration in duration.appendField(1, varint: UInt64(max(seconds, 0))) }
      }
    }
    return String(Base64.encode(status.view).prefix { $0 != "=" })
  }

  /// The body for `refusal`.
  static func body(_ refusal: Refusal, _ format: PayloadFormat) -> [UInt8] {
    switch format {
    case .protobuf:
      var buffer = ByteBuffer(capacity: 128)
      write(refusal, into: &buffer)
      return [UInt8](buffer.view)
    case .json:
      var json = JSONWriter()
      json.beginObject()
      json.key("code")
      json.int(refusal.grpcStatus.rawValue)
      json.key("message")
      json.string(refusal.message)
      json.endObject()
      return json.bytes
    }
  }

  /// The body of a success: an Export…ServiceResponse, empty unless something was rejected or there is a warning
  /// (partial_success = 1: rejected = 1, error_message = 2).
  static func success(_ signal: OTLPSignal, rejected: Int, warning: String?, _ format: PayloadFormat) -> [UInt8] {
    let isPartial = rejected > 0 || warning != nil
    switch format {
    case .protobuf:
      guard isPartial else { return [] }
      var buffer = ByteBuffer(capacity: 128)
      buffer.appendField(1) { partial in
        if rejected > 0 { partial.appendField(1, varint: UInt64(rejected)) }
        if let warning { partial.appendField(2, string: warning) }
      }
      return [UInt8](buffer.view)
    case .json:
      var json = JSONWriter()
      json.beginObject()
      if isPartial {
        json.key("partialSuccess")
        json.beginObject()
        if rejected > 0 {
          json.key(signal.rejectedKey)
          json.string(String(rejected))
        }
        if let warning {
          json.key("errorMessage")
          json.string(warning)
        }
        json.endObject()
      }
      json.endObject()
      return json.bytes
    }
  }
}

extension OTLPSignal {
  /// What the JSON of a partial success calls the number of what was rejected.
  fileprivate var rejectedKey: String {
    switch self {
    case .traces: "rejectedSpans"
    case .metrics: "rejectedDataPoints"
    case .logs: "rejectedLogRecords"
    }
  }
}

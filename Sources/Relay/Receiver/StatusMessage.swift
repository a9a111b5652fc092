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

  /// The body for `refusal`.
  static func body(_ refusal: Refusal, _ format: PayloadFormat) -> ByteBuffer {
    var buffer = ByteBuffer(capacity: 128)
    switch format {
    case .protobuf: write(refusal, into: &buffer)
    case .json:
      buffer.append("{\"code\":")
      buffer.append(String(refusal.grpcStatus.rawValue))
      buffer.append(",\"message\":")
      appendQuoted(refusal.message, to: &buffer)
      buffer.append("}")
    }
    return buffer
  }

  /// The body of a success: an Export…ServiceResponse, empty but for a warning (partial_success = 1: rejected = 1, which
  /// is 0 here, error_message = 2).
  static func success(warning: String?, _ format: PayloadFormat) -> ByteBuffer {
    var buffer = ByteBuffer(capacity: 16)
    switch format {
    case .protobuf:
      if let warning { buffer.appendField(1) { partial in partial.appendField(2, string: warning) } }
    case .json:
      guard let warning else {
        buffer.append("{}")
        return buffer
      }
      buffer.append("{\"partialSuccess\":{\"errorMessage\":")
      appendQuoted(warning, to: &buffer)
      buffer.append("}}")
    }
    return buffer
  }
}

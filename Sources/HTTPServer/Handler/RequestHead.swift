import Platform

/// What is kept of a request's header, from HTTP/1.1 and HTTP/2 alike.
public struct RequestHead: Sendable {
  public internal(set) var method = ""
  /// The path without its query.
  public internal(set) var path = ""
  /// The media type without its parameters, in lower case.
  public internal(set) var mediaType = ""
  public internal(set) var contentEncoding: String?
  public internal(set) var contentLength: Int?
  public internal(set) var authorization: String?
  public internal(set) var accept: String?
  public internal(set) var acceptEncoding: String?
  public internal(set) var origin: String?
  public internal(set) var requestedMethod: String?
  public internal(set) var requestedHeaders: String?
  public internal(set) var grpcEncoding: String?
  public internal(set) var grpcTimeout: String?

  /// HTTP/1 only.
  var hasHost = false
  var isHTTP10 = false
  var isChunked = false
  var expectsContinue = false
  var keepsAlive = true

  /// A field the request may carry only once, or only in one way, does not.
  enum FieldError: Error { case contradictory }

  /// Whether the request is a gRPC call.
  public var isGRPC: Bool { mediaType.hasPrefix("application/grpc") && !mediaType.hasPrefix("application/grpc-web") }

  private mutating func setContentType(_ value: ByteView) throws(FieldError) {
    let bare = value.prefix(value.firstIndex(of: UInt8(ascii: ";")) ?? value.count)
    // Those that nearly all requests have cost no copy.
    let type: String
    if bare.equals("application/x-protobuf") {
      type = "application/x-protobuf"
    } else if bare.equals("application/grpc") {
      type = "application/grpc"
    } else if bare.equals("application/json") {
      type = "application/json"
    } else {
      type = String(bare).lowercased().filter { $0 != " " && $0 != "\t" }
    }
    if !mediaType.isEmpty, mediaType != type { throw .contradictory }
    mediaType = type
  }

  /// Takes a request target, of which only the path counts.
  mutating func setTarget(_ target: ByteView) {
    path = String(target.prefix(target.firstIndex(of: UInt8(ascii: "?")) ?? target.count))
  }

  /// Takes note of a field that means one thing only.
  private func once(_ old: String?, _ value: ByteView) throws(FieldError) -> String {
    let text = String(value)
    if let old, old != text { throw .contradictory }
    return text
  }

  /// Takes note of a header field; one that means nothing here is passed over.
  mutating func set(_ name: ByteView, _ value: ByteView) throws(FieldError) {
    switch name.count {
    case 6:
      if name.equalsLowercased("origin") {
        origin = try once(origin, value)
      } else if name.equalsLowercased("accept") {
        accept = Self.joined(accept, value)
      }
    case 12:
      if name.equalsLowercased("content-type") {
        try setContentType(value)
      } else if name.equalsLowercased("grpc-timeout") {
        grpcTimeout = String(value)
      }
    case 13:
      if name.equalsLowercased("authorization") {
        authorization = try once(authorization, value)
      } else if name.equalsLowercased("grpc-encoding") {
        grpcEncoding = String(value)
      }
    case 14: if name.equalsLowercased("content-length") { try setLength(value) }
    case 15: if name.equalsLowercased("accept-encoding") { acceptEncoding = Self.joined(acceptEncoding, value) }
    case 16:
      if name.equalsLowercased("content-encoding") {
        // Several fields are one list.
        contentEncoding = (contentEncoding.map { $0 + ", " } ?? "") + String(value).lowercased()
      }
    case 29: if name.equalsLowercased("access-control-request-method") { requestedMethod = String(value) }
    case 30: if name.equalsLowercased("access-control-request-headers") { requestedHeaders = String(value) }
    default: break
    }
  }

  /// A list that may stand in several fields.
  private static func joined(_ list: String?, _ value: ByteView) -> String {
    let text = String(value.prefix(1024))
    return list.map { "\($0), \(text)" } ?? text
  }

  /// RFC 9112, section 6.3: several lengths make the end of the message ambiguous. They could be taken when they are equal,
  /// which nobody sends.
  private mutating func setLength(_ value: ByteView) throws(FieldError) {
    guard !value.isEmpty, value.count <= 18 else { throw .contradictory }
    var length = 0
    for index in 0..<value.count {
      guard case UInt8(ascii: "0")...UInt8(ascii: "9") = value[index] else { throw .contradictory }
      length = length * 10 + Int(value[index] - UInt8(ascii: "0"))
    }
    if contentLength != nil { throw .contradictory }
    contentLength = length
  }
}

extension ByteView {
  /// Whether these are the bytes of `text`, which is in lower case, without regard to case.
  func equalsLowercased(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    for index in 0..<count {
      let byte = self[index]
      let lower = byte &- 65 < 26 ? byte | 0x20 : byte
      if lower != text.utf8Start[index] { return false }
    }
    return true
  }
}

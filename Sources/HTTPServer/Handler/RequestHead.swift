import Platform

/// What is kept of a request's header, from HTTP/1.1 and HTTP/2 alike.
public struct RequestHead: Sendable {
  public internal(set) var method = ""
  /// The path without its query.
  public internal(set) var path = ""
  public internal(set) var contentType: String?
  public internal(set) var contentEncoding: String?
  public internal(set) var contentLength: Int?
  public internal(set) var authorization: String?
  public internal(set) var origin: String?
  public internal(set) var requestedMethod: String?
  public internal(set) var requestedHeaders: String?
  public internal(set) var grpcEncoding: String?
  public internal(set) var grpcTimeout: String?

  /// HTTP/1.1 only.
  var isChunked = false
  var expectsContinue = false
  var keepsAlive = true

  /// A field the request may carry only once, or only in one way, does not.
  enum FieldError: Error { case contradictory }

  /// The media type without its parameters, in lower case.
  public var mediaType: String {
    guard let contentType else { return "" }
    let bare = contentType.prefix { $0 != ";" }
    return bare.lowercased().filter { $0 != " " && $0 != "\t" }
  }

  /// Whether the request is a gRPC call.
  public var isGRPC: Bool {
    guard let contentType else { return false }
    return contentType.hasPrefix("application/grpc") && !contentType.hasPrefix("application/grpc-web")
  }

  /// Takes a request target, of which only the path counts.
  mutating func setTarget(_ target: ByteView) {
    path = String(target.prefix(target.firstIndex(of: UInt8(ascii: "?")) ?? target.count))
  }

  /// Takes note of a header field; one that means nothing here is passed over.
  mutating func set(_ name: ByteView, _ value: ByteView) throws(FieldError) {
    switch name.count {
    case 6: if name.equalsLowercased("origin") { origin = String(value) }
    case 12:
      if name.equalsLowercased("content-type") {
        contentType = String(value)
      } else if name.equalsLowercased("grpc-timeout") {
        grpcTimeout = String(value)
      }
    case 13:
      if name.equalsLowercased("authorization") {
        authorization = String(value)
      } else if name.equalsLowercased("grpc-encoding") {
        grpcEncoding = String(value)
      }
    case 14: if name.equalsLowercased("content-length") { try setLength(value) }
    case 16: if name.equalsLowercased("content-encoding") { contentEncoding = String(value).lowercased() }
    case 29: if name.equalsLowercased("access-control-request-method") { requestedMethod = String(value) }
    case 30: if name.equalsLowercased("access-control-request-headers") { requestedHeaders = String(value) }
    default: break
    }
  }

  /// RFC 9112, section 6.3: several lengths that differ make the end of the message ambiguous.
  private mutating func setLength(_ value: ByteView) throws(FieldError) {
    guard !value.isEmpty, value.count <= 18 else { throw .contradictory }
    var length = 0
    for index in 0..<value.count {
      guard case UInt8(ascii: "0")...UInt8(ascii: "9") = value[index] else { throw .contradictory }
      length = length * 10 + Int(value[index] - UInt8(ascii: "0"))
    }
    if let contentLength, contentLength != length { throw .contradictory }
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

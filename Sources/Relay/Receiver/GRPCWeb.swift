import HTTPServer
import Platform

/// gRPC as browsers and HTTP/1.1 carry it: the frames of a call as the body, and the trailers as a last frame of it. The text
/// variant has all of that in base 64.
struct GRPCWeb: Sendable {
  let isText: Bool

  /// `nil` for another media type.
  init?(mediaType: String) {
    switch mediaType {
    case "application/grpc-web", "application/grpc-web+proto": isText = false
    case "application/grpc-web-text", "application/grpc-web-text+proto": isText = true
    default: return nil
    }
  }

  /// The message of a request's body, and whether it is compressed; `nil` when the body is malformed.
  func message(in body: ByteView, limit: Int) -> GRPCMessageReader? {
    var reader = GRPCMessageReader()
    do throws(GRPCMessageReader.Failure) {
      if isText {
        guard let bytes = GRPCWeb.decode(body) else { return nil }
        var failure: GRPCMessageReader.Failure?
        bytes.withByteView { view in
          do throws(GRPCMessageReader.Failure) { try reader.append(view, limit: limit) } catch { failure = error }
        }
        if let failure { throw failure }
      } else {
        try reader.append(body, limit: limit)
      }
    } catch {
      return nil
    }
    guard reader.isComplete else { return nil }
    return reader
  }

  /// Each frame may have been encoded for itself, with padding in between.
  private static func decode(_ text: ByteView) -> [UInt8]? {
    var bytes: [UInt8] = []
    var start = 0
    while start < text.count {
      var end = text.firstIndex(of: UInt8(ascii: "="), from: start) ?? text.count
      while end < text.count, text[end] == UInt8(ascii: "=") { end += 1 }
      guard let part = Base64.decode(text[start..<end]) else { return nil }
      bytes += part
      start = end
    }
    return bytes
  }

  /// The response to a call in this form.
  func response(_ call: ServerResponse) -> ServerResponse {
    var trailers = ByteBuffer(capacity: 128)
    for (name, value) in call.trailers {
      trailers.append(name)
      trailers.append(": ")
      trailers.append(value)
      trailers.append("\r\n")
    }
    var body = ByteBuffer(capacity: call.body.count + trailers.count + 5)
    body.append(call.body)
    body.append(UInt8(0x80))
    body.append(bigEndian: UInt32(truncatingIfNeeded: trailers.count))
    body.append(trailers.view)
    var response = ServerResponse(status: 200)
    if isText {
      response.fields = [("content-type", "application/grpc-web-text+proto")]
      response.body = Array(Base64.encode(body.view).utf8)
    } else {
      response.fields = [("content-type", "application/grpc-web+proto")]
      response.body = [UInt8](body.view)
    }
    return response
  }
}

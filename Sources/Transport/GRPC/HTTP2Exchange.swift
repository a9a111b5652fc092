import Platform

/// One request under way on an HTTP/2 connection: what of its body is still to be sent, and what has come back.
final class HTTP2Exchange {
  private let prefix: [UInt8]
  private let body: HTTPBody
  /// Bytes of prefix and body together.
  private let length: Int
  private let limit: Int
  /// How many of them have been handed on.
  private(set) var sent = 0
  private(set) var response = HTTPResponse(status: 0)
  private(set) var isTooLarge = false
  /// Set when the stream has closed: the error code of its end, 0 for a regular one.
  var closedWith: UInt32?
  /// Whether the whole answer is there.
  var isAnswered = false
  var isOver: Bool { isAnswered || closedWith != nil }
  private var hasBody = false

  init(_ request: HTTPRequest) {
    prefix = request.bodyPrefix
    body = request.body
    length = request.bodyPrefix.count + request.body.count
    limit = request.maximumResponse
  }

  /// How many bytes are left to be sent.
  var remaining: Int { length - sent }

  /// Appends the next `count` bytes of the request to `out`; `false` when the body's owner does not deliver.
  func produce(_ count: Int, into out: inout ByteBuffer) -> Bool {
    var left = count
    while left > 0 {
      let taken = piece(left, into: &out)
      guard taken > 0 else { return false }
      left -= taken
      sent += taken
    }
    return true
  }

  private func piece(_ count: Int, into out: inout ByteBuffer) -> Int {
    if sent < prefix.count {
      let end = min(prefix.count, sent + count)
      out.append(Array(prefix[sent..<end]))
      return end - sent
    }
    var offset = sent - prefix.count
    switch body {
    case .empty: return 0
    case .bytes(let bytes):
      return bytes.withUnsafeBytes { ByteView($0) }.copy(from: offset, count, to: &out)
    case .pieces(let pieces):
      for piece in pieces {
        if offset < piece.count {
          return piece.withUnsafeBytes { ByteView($0).copy(from: offset, count, to: &out) }
        }
        offset -= piece.count
      }
      return 0
    case .views(let views):
      for view in views {
        if offset < view.count { return view.copy(from: offset, count, to: &out) }
        offset -= view.count
      }
      return 0
    case .source(_, let copy):
      var taken = 0
      out.append(upTo: count) { room in
        taken = min(max(copy(offset, room), 0), count)
        return taken
      }
      return taken
    }
  }

  func header(_ name: String, _ value: String) {
    if name == ":status" {
      response.status = Int(value) ?? 0
    } else if hasBody {
      response.trailers.addReceived(name, value)
    } else {
      response.headers.addReceived(name, value)
    }
  }

  func data(_ bytes: ByteView) {
    hasBody = true
    if response.body.count + bytes.count > limit {
      isTooLarge = true
    } else {
      response.body.append(bytes)
    }
  }
}

extension ByteView {
  /// Appends up to `count` bytes from `offset` on to `out`; returns how many there were.
  fileprivate func copy(from offset: Int, _ count: Int, to out: inout ByteBuffer) -> Int {
    let part = self[offset..<(offset + count)]
    out.append(part)
    return part.count
  }
}

import CCurl

/// The state of one exchange, as curl's callbacks see it.
///
/// Invariants: curl calls back only on the thread inside `HTTPClient.send`, and only while that call keeps the object
/// alive, so the callbacks may take it from an unretained pointer and nothing here needs a lock. The buffers curl
/// passes are valid for the length of the callback.
final class HTTPTransfer {
  /// Why a callback ended the transfer.
  enum Stop {
    case bodyTooLarge
    case errorBodyFull
    case headersTooLarge
    case handler
  }

  /// Takes body bytes of a successful response as they arrive; false ends the exchange.
  typealias Handler = (UnsafeRawBufferPointer) -> Bool

  private(set) var response = HTTPResponse(status: 0)
  private(set) var stop: Stop?
  /// Whether all header fields of the final response have been seen.
  private(set) var headersAreComplete = false

  private let prefix: [UInt8]
  private let body: HTTPBody
  private let maximumResponse: Int
  private let handler: Handler?
  private var headerBytes = 0
  private var received = 0
  /// All that has come: header fields, body, interim answers.
  private(set) var receivedBytes = 0
  private var prefixSent = 0
  /// Bytes of the body that were sent, the prefix not included.
  private var offset = 0
  /// Position in `.pieces`: index of the piece and the offset at which it starts.
  private var piece = (index: 0, start: 0)

  /// Enough of an error page to say what was wrong.
  private static let errorBodyLimit = 64 << 10
  private static let headerLimit = 256 << 10

  init(_ request: HTTPRequest, handler: Handler?) {
    prefix = request.bodyPrefix
    body = request.body
    maximumResponse = request.maximumResponse
    self.handler = handler
  }

  static func from(_ context: UnsafeMutableRawPointer?) -> HTTPTransfer? {
    context.map { Unmanaged<HTTPTransfer>.fromOpaque($0).takeUnretainedValue() }
  }

  /// One header line, status line, empty line or trailer.
  func receive(headerLine bytes: UnsafeRawBufferPointer) -> Bool {
    headerBytes += bytes.count
    receivedBytes += bytes.count
    guard headerBytes <= HTTPTransfer.headerLimit else { return end(.headersTooLarge) }
    let line = String(decoding: bytes, as: UTF8.self).trimmed
    if line.isEmpty {
      headersAreComplete = true
    } else if line.hasPrefix("HTTP/") {
      // A new status line replaces an interim (1xx) or proxy response.
      let code = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      response = HTTPResponse(status: code)
      headersAreComplete = false
    } else if let colon = line.firstIndex(of: ":") {
      let name = String(line[..<colon])
      let value = String(line[line.index(after: colon)...]).trimmed
      if headersAreComplete {
        response.trailers.addReceived(name, value)
      } else {
        response.headers.addReceived(name, value)
      }
    }
    return true
  }

  func receive(body bytes: UnsafeRawBufferPointer) -> Bool {
    receivedBytes += bytes.count
    guard response.isSuccess else {
      response.body.append(contentsOf: bytes.prefix(HTTPTransfer.errorBodyLimit - response.body.count))
      return response.body.count < HTTPTransfer.errorBodyLimit || end(.errorBodyFull)
    }
    guard bytes.count <= maximumResponse - received else { return end(.bodyTooLarge) }
    received += bytes.count
    if let handler { return handler(bytes) || end(.handler) }
    response.body.append(contentsOf: bytes)
    return true
  }

  /// Fills `buffer` with the next bytes of the request.
  func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    if prefixSent < prefix.count {
      let written = prefix.withUnsafeBytes { HTTPTransfer.copy($0, from: prefixSent, to: buffer) }
      prefixSent += written
      return written
    }
    var written = 0
    switch body {
    case .empty:
      break
    case .bytes(let bytes):
      written = bytes.withUnsafeBytes { HTTPTransfer.copy($0, from: offset, to: buffer) }
    case .pieces(let pieces):
      written = fill(buffer, from: pieces.count, size: { pieces[$0].count }) { index, start, target in
        pieces[index].withUnsafeBytes { HTTPTransfer.copy($0, from: start, to: target) }
      }
    case .views(let views):
      written = fill(buffer, from: views.count, size: { views[$0].count }) { index, start, target in
        HTTPTransfer.copy(views[index].buffer, from: start, to: target)
      }
    case .source(let length, let copy):
      written = min(max(copy(offset, buffer), 0), min(buffer.count, length - offset))
    }
    offset += written
    return written
  }

  /// Whether the whole request body has been handed over.
  var isSent: Bool { prefixSent == prefix.count && offset == body.count }

  func seek(to target: Int) -> Bool {
    guard target >= 0, target <= prefix.count + body.count else { return false }
    prefixSent = min(target, prefix.count)
    let position = target - prefixSent
    offset = position
    piece = (0, 0)
    switch body {
    case .pieces(let pieces): skipPieces(before: position, count: pieces.count) { pieces[$0].count }
    case .views(let views): skipPieces(before: position, count: views.count) { views[$0].count }
    case .empty, .bytes, .source: break
    }
    return true
  }

  /// Fills `buffer` from the pieces that start at `piece`.
  private func fill(
    _ buffer: UnsafeMutableRawBufferPointer, from count: Int, size: (Int) -> Int,
    copy: (_ index: Int, _ start: Int, _ target: UnsafeMutableRawBufferPointer) -> Int
  ) -> Int {
    var written = 0
    while piece.index < count, written < buffer.count {
      let target = UnsafeMutableRawBufferPointer(rebasing: buffer[written...])
      written += copy(piece.index, offset + written - piece.start, target)
      skipPieces(before: offset + written, count: count, size: size)
    }
    return written
  }

  /// Moves `piece` past the pieces that end at or before `position`.
  private func skipPieces(before position: Int, count: Int, size: (Int) -> Int) {
    while piece.index < count, piece.start + size(piece.index) <= position {
      piece = (piece.index + 1, piece.start + size(piece.index))
    }
  }

  private func end(_ reason: Stop) -> Bool {
    stop = reason
    return false
  }

  private static func copy(
    _ source: UnsafeRawBufferPointer, from start: Int, to target: UnsafeMutableRawBufferPointer
  ) -> Int {
    let count = min(source.count - start, target.count)
    guard count > 0 else { return 0 }
    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<start + count]))
    return count
  }
}

/// The C side of the callbacks.
enum HTTPCallbacks {
  static let header: ccurl_data_function = { data, size, count, context in
    guard let data, let transfer = HTTPTransfer.from(context) else { return 0 }
    return transfer.receive(headerLine: UnsafeRawBufferPointer(start: data, count: size &* count)) ? size &* count : 0
  }

  static let body: ccurl_data_function = { data, size, count, context in
    guard let data, let transfer = HTTPTransfer.from(context) else { return 0 }
    return transfer.receive(body: UnsafeRawBufferPointer(start: data, count: size &* count)) ? size &* count : 0
  }

  static let read: ccurl_read_function = { data, size, count, context in
    guard let data, let transfer = HTTPTransfer.from(context) else { return Int(CURL_READFUNC_ABORT) }
    let written = transfer.fill(UnsafeMutableRawBufferPointer(start: data, count: size &* count))
    // Fewer bytes than announced would leave the server waiting for the rest.
    return written == 0 && !transfer.isSent ? Int(CURL_READFUNC_ABORT) : written
  }

  static let seek: ccurl_seek_function = { context, offset, origin in
    guard origin == SEEK_SET, let transfer = HTTPTransfer.from(context) else { return Int32(CURL_SEEKFUNC_CANTSEEK) }
    return transfer.seek(to: Int(offset)) ? Int32(CURL_SEEKFUNC_OK) : Int32(CURL_SEEKFUNC_FAIL)
  }
}

import Platform

/// Reads the head of an HTTP/1.1 request: request line and header fields.
///
/// Strict where leniency would let two parsers disagree on where a message ends (RFC 9112, sections 2.2, 5.1 and 6.3): no
/// bare CR, no folded lines, no space before a colon, no message with both a length and chunks.
enum HTTP1HeadParser {
  enum Outcome {
    /// The head and how many bytes it took.
    case complete(RequestHead, Int)
    case incomplete
    case refused(RequestFault)
  }

  private static let malformed = RequestFault.malformed("malformed HTTP/1.1 request")

  /// Reads the head that `bytes` begin with. `searched`: how many of them are known to hold no end of a head.
  static func parse(_ bytes: ByteView, searched: Int, limits: HTTPLimits) -> Outcome {
    // A client may send an empty line after the body before (section 2.2).
    var start = 0
    while start < bytes.count, bytes[start] == cr || bytes[start] == lf {
      start += 1
      if start > 4 { return .refused(malformed) }
    }
    // A TLS handshake, say: whoever sends that waits for an answer before it sends a line.
    if start < bytes.count, !(0x21...0x7e).contains(bytes[start]) { return .refused(malformed) }
    guard let end = headEnd(bytes, from: max(start, searched - 3)) else {
      return bytes.count - start > limits.maxHeader ? .refused(.headerTooLarge) : .incomplete
    }
    if end - start > limits.maxHeader { return .refused(.headerTooLarge) }
    var lines = LineReader(rest: bytes[start..<end])
    var head = RequestHead()
    guard let requestLine = lines.next() else { return .refused(malformed) }
    if let fault = readRequestLine(requestLine, into: &head) { return .refused(fault) }
    var fields = 0
    while let line = lines.next() {
      if line.isEmpty { break }
      fields += 1
      if fields > limits.maxHeaderFields { return .refused(.headerTooLarge) }
      if let fault = readField(line, into: &head) { return .refused(fault) }
    }
    if lines.sawMalformedLine || (head.isChunked && head.contentLength != nil) { return .refused(malformed) }
    return .complete(head, end)
  }

  private static let cr = UInt8(ascii: "\r")
  private static let lf = UInt8(ascii: "\n")

  /// The index after the empty line that ends the head.
  private static func headEnd(_ bytes: ByteView, from: Int) -> Int? {
    var position = max(from, 0)
    while let found = bytes.firstIndex(of: lf, from: position) {
      if found >= 3, bytes[found - 1] == cr, bytes[found - 2] == lf { return found + 1 }
      position = found + 1
    }
    return nil
  }

  /// Hands out lines without their CR LF.
  private struct LineReader {
    var rest: ByteView
    var sawMalformedLine = false

    mutating func next() -> ByteView? {
      guard let end = rest.firstIndex(of: lf), end > 0, rest[end - 1] == cr else {
        sawMalformedLine = !rest.isEmpty
        return nil
      }
      let line = rest.prefix(end - 1)
      rest = rest.dropFirst(end + 1)
      if line.firstIndex(of: cr) != nil || line.firstIndex(of: 0) != nil {
        sawMalformedLine = true
        return nil
      }
      return line
    }
  }

  private static func readRequestLine(_ line: ByteView, into head: inout RequestHead) -> RequestFault? {
    let space = UInt8(ascii: " ")
    guard let first = line.firstIndex(of: space), first > 0, first <= 32,
      let second = line.firstIndex(of: space, from: first + 1), second > first + 1
    else { return malformed }
    let method = line.prefix(first)
    guard isToken(method) else { return malformed }
    head.method = String(method)
    let target = line[first + 1..<second]
    for index in 0..<target.count where target[index] < 0x21 || target[index] == 0x7f { return malformed }
    head.setTarget(target)
    let version = line.dropFirst(second + 1)
    if version.equals("HTTP/1.1") { return nil }
    if version.equals("HTTP/1.0") {
      head.keepsAlive = false
      return nil
    }
    return version.hasPrefix(Array("HTTP/".utf8)) ? .unsupportedVersion : malformed
  }

  private static func readField(_ line: ByteView, into head: inout RequestHead) -> RequestFault? {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return malformed }
    let name = line.prefix(colon)
    guard isToken(name) else { return malformed }
    let value = trimmed(line.dropFirst(colon + 1))
    if name.equalsLowercased("transfer-encoding") {
      guard value.equalsLowercased("chunked"), !head.isChunked else { return .unsupportedTransferCoding }
      head.isChunked = true
    } else if name.equalsLowercased("expect") {
      head.expectsContinue = value.equalsLowercased("100-continue")
    } else if name.equalsLowercased("connection") {
      let text = String(value).lowercased()
      if text.contains("close") {
        head.keepsAlive = false
      } else if text.contains("keep-alive") {
        head.keepsAlive = true
      }
    } else {
      do { try head.set(name, value) } catch { return malformed }
    }
    return nil
  }

  private static func trimmed(_ value: ByteView) -> ByteView {
    var value = value
    while let byte = value.first, byte == 0x20 || byte == 0x09 { value = value.dropFirst(1) }
    while let byte = value.last, byte == 0x20 || byte == 0x09 { value = value.prefix(value.count - 1) }
    return value
  }

  /// RFC 9110, section 5.6.2.
  private static func isToken(_ view: ByteView) -> Bool {
    guard !view.isEmpty else { return false }
    for index in 0..<view.count {
      switch view[index] {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        continue
      case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
        UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
        continue
      default: return false
      }
    }
    return true
  }
}

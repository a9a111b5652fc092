import Platform

/// Reads the head of an HTTP/1.1 request: request line and header fields.
///
/// Strict where leniency would let two readers disagree on where a message ends or whom it is for (RFC 9112, sections 2.2,
/// 3.2, 5.1 and 6.3): no bare CR or LF, no folded lines, no space before a colon, one host, one length or chunks.
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
    while start < min(bytes.count, 4), bytes[start] == (start % 2 == 0 ? cr : lf) { start += 1 }
    if start % 2 != 0 { return start == bytes.count ? .incomplete : .refused(malformed) }
    // A TLS handshake, say: whoever sends that waits for an answer before it sends a line.
    if start < bytes.count, !(0x21...0x7e).contains(bytes[start]) { return .refused(malformed) }
    let end: Int
    switch headEnd(bytes, from: max(start, searched - 3), start: start) {
    case .found(let found): end = found
    case .bareLineFeed: return .refused(malformed)
    case .missing: return bytes.count - start > limits.maxHeader ? .refused(.headerTooLarge) : .incomplete
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
    if lines.sawMalformedLine || !hasOneEnd(head) || !hasOneHost(head) { return .refused(malformed) }
    return .complete(head, end)
  }

  private static let cr = UInt8(ascii: "\r")
  private static let lf = UInt8(ascii: "\n")

  /// A message has a length or chunks, not both, and HTTP/1.0 knows no chunks (section 6.1).
  private static func hasOneEnd(_ head: RequestHead) -> Bool {
    !head.isChunked || (head.contentLength == nil && !head.isHTTP10)
  }

  /// Only HTTP/1.0 may do without a host (section 3.2).
  private static func hasOneHost(_ head: RequestHead) -> Bool { head.hasHost || head.isHTTP10 }

  private enum HeadEnd {
    /// The index after the empty line that ends the head.
    case found(Int)
    case bareLineFeed
    case missing
  }

  private static func headEnd(_ bytes: ByteView, from: Int, start: Int) -> HeadEnd {
    var position = from
    while let found = bytes.firstIndex(of: lf, from: position) {
      if found == start || bytes[found - 1] != cr { return .bareLineFeed }
      if found >= start + 3, bytes[found - 2] == lf { return .found(found + 1) }
      position = found + 1
    }
    return .missing
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
    guard setTarget(line[first + 1..<second], in: &head) else { return malformed }
    let version = line.dropFirst(second + 1)
    if version.equals("HTTP/1.1") { return nil }
    guard version.count == 8, version.hasPrefix(Array("HTTP/".utf8)), version[6] == UInt8(ascii: "."),
      isDigit(version[5]), isDigit(version[7])
    else { return malformed }
    // A later minor version is read as the latest that is known (RFC 9110, section 2.5).
    guard version[5] == UInt8(ascii: "1") else { return .unsupportedVersion }
    head.isHTTP10 = version[7] == UInt8(ascii: "0")
    head.keepsAlive = !head.isHTTP10
    return nil
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  /// The four forms of a request target (section 3.2): a path, a whole URL as proxies get it, an authority, `*`.
  private static func setTarget(_ target: ByteView, in head: inout RequestHead) -> Bool {
    for index in 0..<target.count {
      let byte = target[index]
      if byte < 0x21 || byte > 0x7e || byte == UInt8(ascii: "#") { return false }
    }
    if target.first == UInt8(ascii: "/") {
      head.setTarget(target)
      return true
    }
    if target.equals("*") || head.method == "CONNECT" {
      head.setTarget(target)
      return target.equals("*") == (head.method == "OPTIONS")
    }
    guard let colon = target.firstIndex(of: UInt8(ascii: ":")),
      target.prefix(colon).equalsLowercased("http") || target.prefix(colon).equalsLowercased("https"),
      target[colon + 1..<colon + 3].equals("//")
    else { return false }
    let rest = target.dropFirst(colon + 3)
    let end = rest.buffer.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.count
    guard end > 0, isHost(rest.prefix(end)) else { return false }
    head.setTarget(rest.dropFirst(end))
    if head.path.isEmpty { head.path = "/" }
    return true
  }

  /// Whether `text` has only what a host and a port are made of (RFC 3986, section 3.2.2); empty is allowed.
  private static func isHost(_ text: ByteView) -> Bool {
    for index in 0..<text.count {
      let byte = text[index]
      switch byte {
      case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="),
        UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
        continue
      case UInt8(ascii: "#"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"): return false
      default: if !isTokenByte(byte) { return false }
      }
    }
    return true
  }

  private static func readField(_ line: ByteView, into head: inout RequestHead) -> RequestFault? {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return malformed }
    let name = line.prefix(colon)
    guard isToken(name) else { return malformed }
    let value = trimmed(line.dropFirst(colon + 1))
    for index in 0..<value.count where value[index] < 0x20 && value[index] != 0x09 || value[index] == 0x7f {
      return malformed
    }
    if name.equalsLowercased("transfer-encoding") {
      guard value.equalsLowercased("chunked"), !head.isChunked else {
        return .malformed("the only transfer coding is chunked")
      }
      head.isChunked = true
    } else if name.equalsLowercased("host") {
      guard !head.hasHost, isHost(value) else { return malformed }
      head.hasHost = true
    } else if name.equalsLowercased("expect") {
      head.expectsContinue = value.equalsLowercased("100-continue") && !head.isHTTP10
    } else if name.equalsLowercased("connection") {
      var closes = false
      for option in String(value).lowercased().split(separator: ",") {
        let option = option.filter { $0 != " " && $0 != "\t" }
        if option == "close" { closes = true }
        if option == "keep-alive" { head.keepsAlive = true }
      }
      if closes { head.keepsAlive = false }
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
  static func isToken(_ view: ByteView) -> Bool {
    for index in 0..<view.count where !isTokenByte(view[index]) { return false }
    return !view.isEmpty
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
      UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
      true
    default: false
    }
  }
}

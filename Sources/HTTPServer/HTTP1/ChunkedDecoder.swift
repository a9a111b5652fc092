import Platform

/// Takes the content out of a chunked body (RFC 9112, section 7.1), however the bytes are cut.
struct ChunkedDecoder {
  private enum State {
    case size
    case content(Int)
    /// The CR LF after a chunk's content, with how many of the two are missing.
    case contentEnd(Int)
    case trailer
    case done
  }

  private var state = State.size
  /// The line being read, for sizes and trailers.
  private var line: [UInt8] = []
  private var trailerBytes = 0

  enum Failure: Error { case malformed, tooLarge }

  /// Whether the last chunk and the trailer have been read.
  var isDone: Bool {
    if case .done = state { return true }
    return false
  }

  /// Reads from `bytes`, appends the content to `body`, which must not grow beyond `limit`, and returns how many bytes
  /// were read: all of them, unless the body ends before.
  mutating func decode(_ bytes: ByteView, into body: inout ByteBuffer, limit: Int) throws(Failure) -> Int {
    var position = 0
    while position < bytes.count {
      switch state {
      case .done: return position
      case .content(let left):
        let part = bytes[position..<min(position + left, bytes.count)]
        if body.count + part.count > limit { throw .tooLarge }
        body.append(part)
        position += part.count
        state = part.count == left ? .contentEnd(2) : .content(left - part.count)
      case .contentEnd(let missing):
        guard bytes[position] == (missing == 2 ? UInt8(ascii: "\r") : UInt8(ascii: "\n")) else { throw .malformed }
        position += 1
        state = missing == 2 ? .contentEnd(1) : .size
      case .size, .trailer:
        position = try readLine(bytes, from: position)
      }
    }
    return position
  }

  private mutating func readLine(_ bytes: ByteView, from: Int) throws(Failure) -> Int {
    guard let end = bytes.firstIndex(of: UInt8(ascii: "\n"), from: from) else {
      line.append(bytes.dropFirst(from))
      if line.count > 1024 { throw .malformed }
      return bytes.count
    }
    line.append(bytes[from..<end])
    guard line.count <= 1024, line.popLast() == UInt8(ascii: "\r") else { throw .malformed }
    // A CR inside ends the line for some readers.
    guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else { throw .malformed }
    if case .trailer = state {
      trailerBytes += line.count
      if trailerBytes > 8192 { throw .malformed }
      if line.isEmpty { state = .done } else if !isField() { throw .malformed }
    } else {
      let size = try chunkSize()
      state = size == 0 ? .trailer : .content(size)
    }
    line.removeAll(keepingCapacity: true)
    return end + 1
  }

  private func chunkSize() throws(Failure) -> Int {
    var size = 0
    var digits = 0
    for byte in line {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      case UInt8(ascii: ";"), UInt8(ascii: " "), UInt8(ascii: "\t"):
        if digits == 0 || !hasExtension(from: digits) { throw .malformed }
        return size
      default: throw .malformed
      }
      digits += 1
      if digits > 15 { throw .tooLarge }
      size = size << 4 | Int(digit)
    }
    if digits == 0 { throw .malformed }
    return size
  }

  /// Whether the line goes on, after blanks, with an extension: those are passed over, anything else is no chunk.
  private func hasExtension(from start: Int) -> Bool {
    line[start...].first { $0 != 0x20 && $0 != 0x09 } == UInt8(ascii: ";")
  }

  /// Whether the line is a header field.
  private func isField() -> Bool {
    line.withByteView { view in
      view.firstIndex(of: UInt8(ascii: ":")).map { HTTP1HeadParser.isToken(view.prefix($0)) } ?? false
    }
  }
}

import Platform

/// Whether a text that still grows ends with a whole JSON document, each byte looked at once.
///
/// Only brackets and strings are looked at: whether the text is JSON is for its reader to say.
struct JSONBalance {
  private var position = 0
  private var depth = 0
  private var isInString = false
  private var isEscaped = false

  /// Takes in `buffer`, which begins where it began at the last call, from `start` on, where a document begins; whether
  /// it ends between two documents.
  mutating func isWhole(_ buffer: ByteView, from start: Int) -> Bool {
    if position < start { self = JSONBalance(position: start) }
    buffer.buffer.withMemoryRebound(to: UInt8.self) { bytes in
      for index in position..<bytes.count {
        let byte = bytes[index]
        if isInString {
          if isEscaped {
            isEscaped = false
          } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
          } else if byte == UInt8(ascii: "\"") {
            isInString = false
          }
          continue
        }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth = max(0, depth - 1)
        default: break
        }
      }
    }
    position = buffer.count
    return depth == 0 && !isInString
  }

  /// The caller took the first `count` bytes away.
  mutating func remove(_ count: Int) {
    if position <= count { self = JSONBalance() } else { position -= count }
  }

  init() {}

  private init(position: Int) { self.position = position }
}

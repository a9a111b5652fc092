extension ByteView {
  /// The length of the well-formed UTF-8 sequence that begins at `index` (Unicode 15, table 3-7); 0 when there is none.
  @inlinable
  public func utf8SequenceLength(at index: Int) -> Int {
    func isContinuation(_ offset: Int) -> Bool { index + offset < count && self[index + offset] & 0xC0 == 0x80 }
    guard index >= 0, index < count else { return 0 }
    let lead = self[index]
    switch lead {
    case 0x00...0x7F: return 1
    case 0xC2...0xDF: return isContinuation(1) ? 2 : 0
    case 0xE0...0xEF:
      guard isContinuation(1), isContinuation(2) else { return 0 }
      let second = self[index + 1]
      return second >= (lead == 0xE0 ? 0xA0 : 0x80) && second <= (lead == 0xED ? 0x9F : 0xBF) ? 3 : 0
    case 0xF0...0xF4:
      guard isContinuation(1), isContinuation(2), isContinuation(3) else { return 0 }
      let second = self[index + 1]
      return second >= (lead == 0xF0 ? 0x90 : 0x80) && second <= (lead == 0xF4 ? 0x8F : 0xBF) ? 4 : 0
    default: return 0
    }
  }

  /// Whether all of the bytes are well-formed UTF-8.
  public var isValidUTF8: Bool {
    var index = 0
    while index < count {
      let length = utf8SequenceLength(at: index)
      if length == 0 { return false }
      index += length
    }
    return true
  }
}

import Platform

/// Reads ahead of a tokenizer for the exact text a compact writer produces, without a token for each bracket.
///
/// Whoever knows the shape of what most likely follows tries it here; where the text is written differently (space,
/// escapes, another order of keys) the attempt fails, nothing has moved, and the tokenizer reads the same bytes. What an
/// attempt does accept has passed the same checks as the tokenizer's own.
@frozen
public struct JSONSpeculation {
  @usableFromInline let base: UnsafeRawPointer
  @usableFromInline let count: Int
  @usableFromInline var at: Int

  @inlinable @inline(__always)
  init(base: UnsafeRawPointer, count: Int, at: Int) {
    self.base = base
    self.count = count
    self.at = at
  }

  @inlinable @inline(__always)
  func byte(_ index: Int) -> UInt8 { base.load(fromByteOffset: index, as: UInt8.self) }

  /// Passes over `literal` if it comes next.
  @inlinable @inline(__always)
  public mutating func skip(_ literal: StaticString) -> Bool {
    let length = literal.utf8CodeUnitCount
    guard count &- at >= length,
      ByteView(start: base + at, count: length).equals(literal)
    else { return false }
    at &+= length
    return true
  }

  /// The rest of a string whose opening quote was passed: ASCII without escapes, up to its closing quote, which is
  /// passed too. `nil` for any other string.
  @inlinable @inline(__always)
  public mutating func plainString() -> ByteView? {
    var index = at
    while index &+ 8 <= count {
      let found = JSONTokenizer.specialBytes(
        UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
      if found != 0 {
        index &+= found.trailingZeroBitCount >> 3
        break
      }
      index &+= 8
    }
    while index < count, JSONTokenizer.isPlain(byte(index)) { index &+= 1 }
    guard index < count, byte(index) == UInt8(ascii: "\"") else { return nil }
    let text = ByteView(start: base + at, count: index &- at)
    at = index &+ 1
    return text
  }
}

extension JSONTokenizer {
  /// Bytes below 0x80 that a string may hold as they are, quotes excepted.
  @inlinable @inline(__always)
  static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  /// Looks ahead where the next element of an array is due, behind its comma: `nil` anywhere else.
  @inlinable @inline(__always)
  public func speculateOnElement() -> JSONSpeculation? {
    switch state {
    case .firstElement: JSONSpeculation(base: base, count: count, at: at)
    case .afterValue where !inObject && at < count && byte(at) == UInt8(ascii: ","):
      JSONSpeculation(base: base, count: count, at: at &+ 1)
    default: nil
    }
  }

  /// Looks ahead where the next member of an object is due, behind its comma: `nil` anywhere else.
  @inlinable @inline(__always)
  public func speculateOnMember() -> JSONSpeculation? {
    switch state {
    case .firstKey: JSONSpeculation(base: base, count: count, at: at)
    case .afterValue where inObject && at < count && byte(at) == UInt8(ascii: ","):
      JSONSpeculation(base: base, count: count, at: at &+ 1)
    default: nil
    }
  }

  /// Takes a whole element or member that `speculation`, begun on this tokenizer where it stands, has passed over.
  @inlinable @inline(__always)
  public mutating func accept(_ speculation: JSONSpeculation) {
    at = speculation.at
    state = .afterValue
  }
}

import Platform

extension ByteBuffer {
  @inlinable @inline(__always)
  public mutating func appendVarint(_ value: UInt64) {
    if value < 0x80 { return append(UInt8(truncatingIfNeeded: value)) }
    append(upTo: 10) { room in
      var rest = value
      var n = 0
      while rest >= 0x80 {
        room[n] = UInt8(truncatingIfNeeded: rest) | 0x80
        rest >>= 7
        n &+= 1
      }
      room[n] = UInt8(truncatingIfNeeded: rest)
      return n &+ 1
    }
  }

  @inlinable @inline(__always)
  public mutating func appendTag(_ field: Int, _ type: WireType) {
    appendVarint(UInt64(field << 3) | UInt64(type.rawValue))
  }

  /// A varint field, written even when 0.
  @inlinable
  public mutating func appendField(_ field: Int, varint value: UInt64) {
    appendTag(field, .varint)
    appendVarint(value)
  }

  @inlinable
  public mutating func appendField(_ field: Int, fixed64 value: UInt64) {
    appendTag(field, .fixed64)
    append(littleEndian: value)
  }

  @inlinable
  public mutating func appendField(_ field: Int, fixed32 value: UInt32) {
    appendTag(field, .fixed32)
    append(littleEndian: value)
  }

  @inlinable
  public mutating func appendField(_ field: Int, double value: Double) {
    appendField(field, fixed64: value.bitPattern)
  }

  /// A string, bytes or message field whose content is at hand.
  @inlinable
  public mutating func appendField(_ field: Int, bytes value: ByteView) {
    appendTag(field, .lengthDelimited)
    appendVarint(UInt64(value.count))
    append(value)
  }

  public mutating func appendField(_ field: Int, string value: String) {
    var value = value
    value.withUTF8 { appendField(field, bytes: ByteView(UnsafeRawBufferPointer($0))) }
  }

  /// A message field whose content `body` writes.
  @inlinable
  public mutating func appendField<Failure: Error>(
    _ field: Int, reserving width: Int = 1, message body: (inout ByteBuffer) throws(Failure) -> Void
  ) throws(Failure) {
    appendTag(field, .lengthDelimited)
    let mark = beginLengthDelimited(reserving: width)
    try body(&self)
    endLengthDelimited(mark, reserved: width)
  }

  /// Leaves `width` bytes for a length that is not yet known, and returns where the content begins.
  @inlinable @inline(__always)
  public mutating func beginLengthDelimited(reserving width: Int) -> Int {
    append(upTo: width) { room in
      for index in 0..<width { room[index] = 0 }
      return width
    }
    return count
  }

  /// Writes the length of what follows `mark` before it, moving the content where the guessed width was wrong, so that
  /// the encoding is always the shortest.
  @inlinable @inline(__always)
  public mutating func endLengthDelimited(_ mark: Int, reserved width: Int) {
    let length = count &- mark
    let needed = varintSize(UInt64(length))
    if needed != width { shift(from: mark, by: needed &- width) }
    var rest = length
    var at = mark &- width
    while rest >= 0x80 {
      set(UInt8(truncatingIfNeeded: rest) | 0x80, at: at)
      rest >>= 7
      at &+= 1
    }
    set(UInt8(truncatingIfNeeded: rest), at: at)
  }
}

/// How many bytes `value` takes as a varint: 1 to 10.
@inlinable @inline(__always)
public func varintSize(_ value: UInt64) -> Int {
  let bits = 64 &- (value | 1).leadingZeroBitCount
  return (bits &+ 6) / 7
}

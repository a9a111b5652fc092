import Platform

/// A seeded hash of bytes, and of small integers mixed into it, for tables that live as long as one process.
///
/// The seed is random, so that nobody who writes the input can choose names that collide. Two multiplications fold
/// 16 bytes; the product's halves are xored, as in wyhash.
struct ByteHash: Sendable {
  private let seed: UInt64

  init() { seed = UInt64.random(in: .min ... .max) }

  @inline(__always)
  private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  /// The hash of `bytes`.
  ///
  /// Reads are unaligned and stay inside the view: words that would reach past its end overlap the ones before.
  @inline(__always)
  func callAsFunction(_ bytes: ByteView) -> UInt64 {
    let start = bytes.start
    let count = bytes.count
    var state = seed ^ UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
    if count > 16 {
      var offset = 0
      while offset &+ 16 < count {
        state = Self.fold(
          Self.word(start, offset) ^ 0xA076_1D64_78BD_642F, Self.word(start, offset &+ 8) ^ state)
        offset &+= 16
      }
      return Self.fold(
        Self.word(start, count &- 16) ^ 0xE703_7ED1_A0B4_28DB, Self.word(start, count &- 8) ^ state)
    }
    let low: UInt64
    let high: UInt64
    if count >= 8 {
      low = Self.word(start, 0)
      high = Self.word(start, count &- 8)
    } else if count >= 4 {
      low = UInt64(start.loadUnaligned(as: UInt32.self))
      high = UInt64(start.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
    } else if count > 0 {
      low = UInt64(start.load(as: UInt8.self)) | UInt64(start.load(fromByteOffset: count / 2, as: UInt8.self)) << 8
      high = UInt64(start.load(fromByteOffset: count &- 1, as: UInt8.self))
    } else {
      low = 0
      high = 0
    }
    return Self.fold(low ^ 0xE703_7ED1_A0B4_28DB, high ^ state)
  }

  /// The hash of what `hash` covers and `value` after it.
  @inline(__always)
  static func mix(_ hash: UInt64, _ value: UInt64) -> UInt64 {
    fold(hash ^ 0xA076_1D64_78BD_642F, value ^ 0x8EBC_6AF0_9C88_C6E3)
  }

  @inline(__always)
  private static func word(_ start: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }
}

extension ByteView {
  /// Whether both views hold the same bytes; short names are compared in words, without a call.
  @inline(__always)
  func matches(_ other: ByteView) -> Bool {
    guard count == other.count else { return false }
    guard count >= 8 else {
      var index = 0
      while index < count {
        if start.load(fromByteOffset: index, as: UInt8.self) != other.start.load(fromByteOffset: index, as: UInt8.self)
        {
          return false
        }
        index &+= 1
      }
      return true
    }
    var offset = 0
    while offset &+ 8 < count {
      if start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        != other.start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      {
        return false
      }
      offset &+= 8
    }
    return start.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
      == other.start.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
  }
}

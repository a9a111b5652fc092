import Platform

/// A trace id as a number, and a hash of it that nobody outside can foresee.
struct TraceKey: Hashable {
  let id: UInt128

  init(id: UInt128) { self.id = id }

  /// Of the bytes of an id; what is no id of 16 bytes counts as one of zeros.
  init(_ bytes: ByteView) {
    id =
      bytes.count == 16
      ? UInt128(UInt64(bigEndian: bytes.start.loadUnaligned(as: UInt64.self))) << 64
        | UInt128(UInt64(bigEndian: (bytes.start + 8).loadUnaligned(as: UInt64.self))) : 0
  }

  private static let seeds = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max) | 1)

  var hashed: UInt64 {
    let low = UInt64(truncatingIfNeeded: id) ^ TraceKey.seeds.0
    let high = UInt64(truncatingIfNeeded: id >> 64) ^ TraceKey.seeds.1
    let product = low.multipliedFullWidth(by: high)
    // Each half still counts where the other is the same in all ids.
    let sum = low &* 0xA076_1D64_78BD_642F &+ high &* 0xE703_7ED1_A0B4_28DB
    let mixed = (product.high ^ product.low ^ sum).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return mixed.high ^ mixed.low
  }
}

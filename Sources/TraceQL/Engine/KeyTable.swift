import Platform

/// Numbers byte strings: the first distinct one is 0, the next 1, and so on.
///
/// Keys are copied into one run of memory. The hash is seeded per process, so that nobody can prepare keys that collide.
///
/// Invariants: `keys` and `slots` are owned and freed in `deinit`; `slots.count` is a power of two and more than twice
/// the number of keys; `bounds[i]..<bounds[i + 1]` are the bytes of key `i` in `keys`. Not to be used by two threads.
struct KeyTable: ~Copyable {
  private var keys = ByteBuffer(capacity: 1024)
  private var bounds: ContiguousArray<Int> = [0]
  private var hashes: ContiguousArray<UInt64> = []
  private var slots: ContiguousArray<Int32>
  private static let seed = UInt64.random(in: .min ... .max)

  init() { slots = ContiguousArray(repeating: -1, count: 64) }

  /// How many keys there are.
  var count: Int { hashes.count }

  /// The bytes of a key; valid until the next insertion.
  func key(_ index: Int) -> ByteView { keys.view[bounds[index]..<bounds[index + 1]] }

  /// The number of `key`; nil when it was not inserted.
  func find(_ key: ByteView) -> Int? {
    let hash = KeyTable.hash(key)
    let mask = slots.count &- 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while true {
      let index = Int(slots[place])
      if index < 0 { return nil }
      if hashes[index] == hash, self.key(index) == key { return index }
      place = (place &+ 1) & mask
    }
  }

  /// The number of `key`, which is new when `inserted`.
  mutating func insert(_ key: ByteView) -> (index: Int, inserted: Bool) {
    let hash = KeyTable.hash(key)
    let mask = slots.count &- 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while true {
      let index = Int(slots[place])
      if index < 0 { break }
      if hashes[index] == hash, self.key(index) == key { return (index, false) }
      place = (place &+ 1) & mask
    }
    let index = hashes.count
    slots[place] = Int32(truncatingIfNeeded: index)
    keys.append(key)
    bounds.append(keys.count)
    hashes.append(hash)
    if (index &+ 1) &* 2 >= slots.count { grow() }
    return (index, true)
  }

  private mutating func grow() {
    let size = slots.count * 4
    slots = ContiguousArray(repeating: -1, count: size)
    for (index, hash) in hashes.enumerated() {
      var place = Int(truncatingIfNeeded: hash) & (size &- 1)
      while slots[place] >= 0 { place = (place &+ 1) & (size &- 1) }
      slots[place] = Int32(truncatingIfNeeded: index)
    }
  }

  /// About how many bytes a table of `count` keys of `length` bytes takes.
  static func memory(keys count: Int, length: Int) -> Int { count * (length + 8 + 8 + 12) }

  @inline(__always)
  private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  private static func hash(_ key: ByteView) -> UInt64 {
    var state = seed ^ UInt64(truncatingIfNeeded: key.count)
    var at = key.start
    var left = key.count
    while left >= 8 {
      state = mix(state ^ at.loadUnaligned(as: UInt64.self), 0x9E37_79B9_7F4A_7C15)
      at += 8
      left -= 8
    }
    var tail: UInt64 = 0
    for offset in 0..<left { tail = tail << 8 | UInt64(at.load(fromByteOffset: offset, as: UInt8.self)) }
    return mix(state ^ tail, 0xD6E8_FEB8_6659_FD93)
  }
}

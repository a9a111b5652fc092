/// An open-addressing index from hashes to positions in a table that somebody else keeps.
///
/// Invariants: `slots` holds a power of two of slots, at most three quarters of them used, so that a probe always ends
/// at an empty one. A used slot is `tag << 32 | position + 1`, the tag being the upper half of the hash; an empty slot
/// is 0. Positions are below 2^32 - 1.
struct HashIndex: ~Copyable {
  private var slots: UnsafeMutablePointer<UInt64>
  private var mask: Int
  private var used = 0

  init(capacity: Int = 64) {
    var size = 64
    while size < capacity { size *= 2 }
    slots = .allocate(capacity: size)
    slots.initialize(repeating: 0, count: size)
    mask = size - 1
  }

  deinit { slots.deallocate() }

  /// The position stored under `hash` for which `matches` holds.
  @inline(__always)
  func find(_ hash: UInt64, _ matches: (Int) -> Bool) -> Int? {
    let tag = hash >> 32
    var slot = Int(truncatingIfNeeded: hash) & mask
    while true {
      let value = slots[slot]
      if value == 0 { return nil }
      if value >> 32 == tag {
        let position = Int(value & 0xFFFF_FFFF) &- 1
        if matches(position) { return position }
      }
      slot = (slot &+ 1) & mask
    }
  }

  /// Stores `position` under `hash`; the caller has made sure that it is not there. `rehash` gives the hash of a
  /// position stored before, for when the index grows.
  mutating func insert(_ hash: UInt64, _ position: Int, rehash: (Int) -> UInt64) {
    if (used + 1) * 4 > (mask + 1) * 3 { grow(rehash) }
    place(hash, position)
    used += 1
  }

  /// Removes `position`, stored under `hash`. The run behind it moves up, so that no marker is left.
  mutating func remove(_ hash: UInt64, _ position: Int, rehash: (Int) -> UInt64) {
    var hole = Int(truncatingIfNeeded: hash) & mask
    while slots[hole] != 0 && Int(slots[hole] & 0xFFFF_FFFF) - 1 != position { hole = (hole + 1) & mask }
    if slots[hole] == 0 { return }
    var next = (hole + 1) & mask
    while slots[next] != 0 {
      let home = Int(truncatingIfNeeded: rehash(Int(slots[next] & 0xFFFF_FFFF) - 1)) & mask
      // The entry may fill the hole unless its home lies between the hole and where it stands.
      if (next - home) & mask >= (next - hole) & mask {
        slots[hole] = slots[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    slots[hole] = 0
    used -= 1
  }

  mutating func removeAll() {
    slots.update(repeating: 0, count: mask + 1)
    used = 0
  }

  private mutating func place(_ hash: UInt64, _ position: Int) {
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    slots[slot] = (hash >> 32) << 32 | UInt64(position + 1)
  }

  private mutating func grow(_ rehash: (Int) -> UInt64) {
    let old = slots
    let oldSize = mask + 1
    slots = .allocate(capacity: oldSize * 2)
    slots.initialize(repeating: 0, count: oldSize * 2)
    mask = oldSize * 2 - 1
    for slot in 0..<oldSize where old[slot] != 0 {
      let position = Int(old[slot] & 0xFFFF_FFFF) - 1
      place(rehash(position), position)
    }
    old.deallocate()
  }
}

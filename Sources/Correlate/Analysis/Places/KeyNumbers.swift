/// Numbers for keys of one word, in the order in which they come: what is looked up for every span.
struct KeyNumbers {
  private(set) var count = 0
  private var keys: [UInt64] = Array(repeating: 0, count: 64)
  /// -1 where there is no key.
  private var numbers: [Int32] = Array(repeating: -1, count: 64)

  /// A word whose bits all depend on all bits of another.
  static func mixed(_ word: UInt64) -> UInt64 {
    var word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// The number of a key; nil when it is not known.
  func number(of key: UInt64) -> Int? {
    let slot = place(of: key)
    return numbers[slot] >= 0 ? Int(numbers[slot]) : nil
  }

  /// The number of a key, and whether it is new.
  mutating func take(_ key: UInt64) -> (number: Int, isNew: Bool) {
    let slot = place(of: key)
    if numbers[slot] >= 0 { return (Int(numbers[slot]), false) }
    keys[slot] = key
    numbers[slot] = Int32(truncatingIfNeeded: count)
    count += 1
    if count * 2 > keys.count { grow() }
    return (count - 1, true)
  }

  /// Where a key stands, or would.
  private func place(of key: UInt64) -> Int {
    let mask = keys.count - 1
    var slot = Int(truncatingIfNeeded: KeyNumbers.mixed(key)) & mask
    while numbers[slot] >= 0, keys[slot] != key { slot = (slot + 1) & mask }
    return slot
  }

  private mutating func grow() {
    let old = zip(keys, numbers).filter { $0.1 >= 0 }
    keys = Array(repeating: 0, count: keys.count * 2)
    numbers = Array(repeating: -1, count: keys.count)
    for (key, number) in old {
      let slot = place(of: key)
      keys[slot] = key
      numbers[slot] = number
    }
  }
}

/// Counters of many series: runs of `stride` words, zero at first, that never move.
///
/// Invariant: a pointer handed out stays valid, and nobody else's, as long as this does.
struct CellBlocks: ~Copyable {
  let stride: Int
  private var blocks: [UnsafeMutablePointer<UInt64>] = []
  private var used = 0
  private let perBlock: Int

  init(stride: Int) {
    self.stride = stride
    // About 16 KiB a block: small inputs stay small, large ones cost few allocations.
    perBlock = max(1, 2048 / max(1, stride))
  }

  deinit {
    for block in blocks { block.deallocate() }
  }

  mutating func allocate() -> UnsafeMutablePointer<UInt64> {
    if used == perBlock * blocks.count {
      let block = UnsafeMutablePointer<UInt64>.allocate(capacity: perBlock * stride)
      block.initialize(repeating: 0, count: perBlock * stride)
      blocks.append(block)
    }
    let cells = blocks[used / perBlock] + used % perBlock * stride
    used += 1
    return cells
  }

  /// The words of all series one after the other.
  func copy() -> [UInt64] {
    let total = used * stride
    return [UInt64](unsafeUninitializedCapacity: total) { copy, count in
      var done = 0
      for block in blocks where done < total {
        let words = min(perBlock * stride, total - done)
        copy.baseAddress.map { ($0 + done).initialize(from: block, count: words) }
        done += words
      }
      count = done
    }
  }
}

extension UnsafePointer<UInt64> {
  /// The 128-bit number in the words at `index` (low) and after it.
  @inline(__always)
  func wide(at index: Int) -> UInt128 { UInt128(self[index &+ 1]) << 64 | UInt128(self[index]) }
}

extension UnsafeMutablePointer<UInt64> {
  /// Adds `value` to the 128-bit number in the words at `index` (low) and after it.
  @inline(__always)
  func add(_ value: UInt64, at index: Int) {
    let (sum, carry) = self[index].addingReportingOverflow(value)
    self[index] = sum
    self[index &+ 1] &+= carry ? 1 : 0
  }

  /// Adds `value` to the 128-bit number at `index`, which stops at its largest value.
  @inline(__always)
  func add(_ value: UInt128, at index: Int) {
    let (sum, overflow) = wide(at: index).addingReportingOverflow(value)
    store(overflow ? .max : sum, at: index)
  }

  /// The 128-bit number at `index`.
  @inline(__always)
  func wide(at index: Int) -> UInt128 { UInt128(self[index &+ 1]) << 64 | UInt128(self[index]) }

  @inline(__always)
  private func store(_ value: UInt128, at index: Int) {
    self[index] = UInt64(truncatingIfNeeded: value)
    self[index &+ 1] = UInt64(truncatingIfNeeded: value >> 64)
  }
}

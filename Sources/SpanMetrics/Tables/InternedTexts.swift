import Platform

/// The memory of an interner's bytes.
///
/// `@unchecked Sendable`: only the interner adds to it, in room that no entry stands in yet; bytes of an entry do not
/// change any more.
final class TextMemory: @unchecked Sendable {
  private var blocks: [UnsafeMutableRawBufferPointer] = []

  deinit {
    for block in blocks { block.deallocate() }
  }

  /// Room that stays where it is as long as this lives.
  func allocate(_ size: Int) -> UnsafeMutableRawBufferPointer {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
    blocks.append(block)
    return block
  }
}

/// The values that an interner had at one moment, by number. Any thread may read them while the interner goes on.
struct InternedTexts: Sendable {
  private let entries: [Interner.Entry]
  private let memory: TextMemory

  init(_ entries: [Interner.Entry], _ memory: TextMemory) {
    self.entries = entries
    self.memory = memory
  }

  /// How many numbers there are, the empty string's included.
  var count: Int { entries.count }

  /// The bytes numbered `id`, valid as long as this is.
  subscript(id: UInt32) -> ByteView { entries[Int(id)].bytes }

  /// The place of each number's value among all values in the order of their bytes.
  func ranks() -> [UInt32] {
    let order = entries.indices.sorted { left, right in
      entries[left].bytes.buffer.lexicographicallyPrecedes(entries[right].bytes.buffer)
    }
    var ranks = [UInt32](repeating: 0, count: entries.count)
    for (rank, id) in order.enumerated() { ranks[id] = UInt32(rank) }
    return ranks
  }
}

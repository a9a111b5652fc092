import Platform

/// Memory for values that stand nowhere in the trace data: ids as hexadecimal text, lists of event attributes.
///
/// Invariants: blocks are owned, only ever filled up to their size, and kept until `deinit`; what was handed out is
/// valid until `removeAll`. One thread only.
final class ValueArena {
  private var blocks: [UnsafeMutableRawBufferPointer] = []
  private var block = 0
  private var used = 0

  deinit { for block in blocks { block.deallocate() } }

  /// Takes all memory back.
  func removeAll() {
    block = 0
    used = 0
  }

  private func allocate(_ size: Int) -> UnsafeMutableRawPointer {
    while block < blocks.count {
      let start = (used + 15) & ~15
      if start + size <= blocks[block].count, let base = blocks[block].baseAddress {
        used = start + size
        return base + start
      }
      block += 1
      used = 0
    }
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 16 << 10), alignment: 16)
    blocks.append(memory)
    block = blocks.count - 1
    used = size
    // A fresh allocation always has an address.
    return memory.baseAddress.unsafelyUnwrapped
  }

  /// An id as lower-case hexadecimal digits, without leading zeros when trimmed. At most 64 bytes of it.
  func hexadecimal(_ id: ByteView, trimmed: Bool) -> ByteView {
    let length = min(id.count, 64)
    guard length > 0 else { return .empty }
    let memory = allocate(length * 2)
    for index in 0..<length {
      let byte = id[index]
      memory.storeBytes(of: ValueArena.digit(byte >> 4), toByteOffset: index * 2, as: UInt8.self)
      memory.storeBytes(of: ValueArena.digit(byte & 15), toByteOffset: index * 2 + 1, as: UInt8.self)
    }
    var text = ByteView(start: UnsafeRawPointer(memory), count: length * 2)
    if trimmed { while text.first == UInt8(ascii: "0") { text = text.dropFirst(1) } }
    return text
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

  /// Puts the value that the event or link number `index` has into a slot; the first that it has counts.
  func put(_ value: Value, at index: Int, in slot: inout Value) {
    if value.isMissing || slot.elementCount > index { return }
    while slot.elementCount < index { append(.missing, to: &slot) }
    append(value, to: &slot)
  }

  private func append(_ value: Value, to slot: inout Value) {
    switch slot {
    case .several(let memory):
      let stride = MemoryLayout<Value>.stride
      let count = memory.count / stride
      // The list has room up to the next power of two.
      var target = UnsafeMutableRawPointer(mutating: memory.start)
      if count & (count - 1) == 0 {
        target = allocate(count * 2 * stride)
        target.copyMemory(from: memory.start, byteCount: memory.count)
      }
      (target + memory.count).initializeMemory(as: Value.self, to: value)
      slot = .several(ByteView(start: UnsafeRawPointer(target), count: memory.count + stride))
    default:
      let memory = allocate(MemoryLayout<Value>.stride)
      memory.initializeMemory(as: Value.self, to: value)
      slot = .several(ByteView(start: UnsafeRawPointer(memory), count: MemoryLayout<Value>.stride))
    }
  }
}

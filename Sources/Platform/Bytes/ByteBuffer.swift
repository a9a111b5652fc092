import Libc

/// A growing run of bytes, written at its end.
///
/// The encoders write through this rather than through `[UInt8]`: one capacity check a write, no uniqueness check, and
/// a length that can be patched in place.
///
/// Invariants: `storage` holds `capacity` bytes, of which the first `count` are initialised; `count <= capacity`; the
/// buffer is the sole owner (it cannot be copied), so that a view of it is valid until the next mutation or its end.
public struct ByteBuffer: ~Copyable {
  @usableFromInline var storage: UnsafeMutableRawPointer
  @usableFromInline var capacity: Int

  /// How many bytes it has room for without growing.
  public var allocatedCount: Int { capacity }

  /// How many bytes have been written.
  @inlinable public var count: Int { written }
  @usableFromInline var written: Int

  /// An empty buffer with room for `capacity` bytes.
  public init(capacity: Int = 256) {
    let room = Swift.max(capacity, 16)
    storage = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 16)
    self.capacity = room
    written = 0
  }

  deinit { storage.deallocate() }

  @inlinable public var isEmpty: Bool { written == 0 }

  /// The bytes written so far; valid until the buffer is written to again.
  @inlinable public var view: ByteView { ByteView(start: UnsafeRawPointer(storage), count: written) }

  /// Forgets the bytes and keeps the room.
  @inlinable public mutating func removeAll() { written = 0 }

  /// Forgets what was written after the first `count` bytes.
  @inlinable public mutating func truncate(to count: Int) { written = Swift.min(written, Swift.max(count, 0)) }

  /// Makes room for `extra` further bytes.
  @inlinable @inline(__always)
  public mutating func reserve(_ extra: Int) {
    if capacity &- written < extra { grow(extra) }
  }

  @usableFromInline @inline(never)
  mutating func grow(_ extra: Int) {
    let room = Swift.max(capacity + capacity / 2, written + extra)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 16)
    larger.copyMemory(from: storage, byteCount: written)
    storage.deallocate()
    storage = larger
    capacity = room
  }

  @inlinable @inline(__always)
  public mutating func append(_ byte: UInt8) {
    reserve(1)
    storage.storeBytes(of: byte, toByteOffset: written, as: UInt8.self)
    written &+= 1
  }

  @inlinable @inline(__always)
  public mutating func append(_ view: ByteView) {
    reserve(view.count)
    memcpy(storage + written, view.start, view.count)
    written &+= view.count
  }

  @inlinable
  public mutating func append(_ text: StaticString) {
    append(ByteView(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  public mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(ByteView(UnsafeRawBufferPointer($0))) }
  }

  /// Appends `count` zeros.
  public mutating func append(zeros count: Int) {
    append(upTo: count) { space in
      if let start = space.baseAddress { start.initializeMemory(as: UInt8.self, repeating: 0, count: count) }
      return count
    }
  }

  @inlinable
  public mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append(ByteView($0)) }
  }

  /// Appends `value`'s bytes, least significant first.
  @inlinable @inline(__always)
  public mutating func append<T: FixedWidthInteger>(littleEndian value: T) {
    let size = MemoryLayout<T>.size
    reserve(size)
    storage.storeBytes(of: value.littleEndian, toByteOffset: written, as: T.self)
    written &+= size
  }

  /// Appends `value`'s bytes, most significant first.
  @inlinable
  public mutating func append<T: FixedWidthInteger>(bigEndian value: T) {
    append(littleEndian: value.byteSwapped)
  }

  /// Lets `body` write up to `size` bytes at the end; it returns how many it wrote.
  @inlinable @inline(__always)
  public mutating func append(upTo size: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
    reserve(size)
    let used = body(UnsafeMutableRawBufferPointer(start: storage + written, count: size))
    written &+= Swift.min(Swift.max(used, 0), size)
  }

  /// Overwrites the byte at `index`, which must have been written.
  @inlinable
  public mutating func set(_ byte: UInt8, at index: Int) {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: written), "index outside the buffer")
    storage.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
  }

  /// Clears bits of the byte at `index`, which must have been written.
  @inlinable
  public mutating func clear(bits: UInt8, at index: Int) {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: written), "index outside the buffer")
    set(storage.load(fromByteOffset: index, as: UInt8.self) & ~bits, at: index)
  }

  /// Moves the bytes from `index` to the end by `distance` (either way): opens a gap of unspecified content there, or
  /// closes one.
  @inlinable
  public mutating func shift(from index: Int, by distance: Int) {
    precondition(index >= 0 && index <= written && index + distance >= 0, "gap outside the buffer")
    if distance > 0 { reserve(distance) }
    memmove(storage + index + distance, storage + index, written - index)
    written += distance
  }

  /// Drops the first `n` bytes and moves the rest to the front.
  public mutating func removeFirst(_ n: Int) {
    let dropped = Swift.min(Swift.max(n, 0), written)
    memmove(storage, storage + dropped, written - dropped)
    written -= dropped
  }
}

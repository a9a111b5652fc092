import Libc

/// A view of bytes that somebody else owns: a pointer and a count, nothing more.
///
/// Invariants, on which every reader of the hot path stands:
/// - The owner keeps the bytes alive and unchanged while any view of them is used. A view is handed down into a call
///   and is not stored beyond it, unless what stores it also stores the owner.
/// - Every access through the API below is checked against `count`; only `start` itself is unchecked.
///
/// `@unchecked Sendable`: the bytes are never written through a view, so that reading them from several threads is safe
/// as long as the owner, which the first invariant names, is alive.
@frozen
public struct ByteView: @unchecked Sendable {
  /// The address of the first byte. Not to be read when `count` is 0.
  public let start: UnsafeRawPointer
  /// How many bytes there are.
  public let count: Int

  @inlinable @inline(__always)
  public init(start: UnsafeRawPointer, count: Int) {
    self.start = start
    self.count = count
  }

  /// A view of the bytes between two addresses of the same allocation, `end` not included.
  @inlinable @inline(__always)
  public init(start: UnsafeRawPointer, end: UnsafeRawPointer) {
    self.start = start
    self.count = end - start
  }

  @inlinable
  public init(_ buffer: UnsafeRawBufferPointer) {
    if let base = buffer.baseAddress {
      self.init(start: base, count: buffer.count)
    } else {
      self = .empty
    }
  }

  /// A view of nothing.
  public static var empty: ByteView {
    @inlinable get { ByteView(start: UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped, count: 0) }
  }

  @inlinable public var isEmpty: Bool { count == 0 }

  /// The address one past the last byte.
  @inlinable public var end: UnsafeRawPointer { start + count }

  @inlinable public var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

  /// The byte at `index`, which must be in `0..<count`.
  @inlinable
  public subscript(index: Int) -> UInt8 {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "index outside the view")
    return start.load(fromByteOffset: index, as: UInt8.self)
  }

  /// The bytes in `range`, clamped to the view.
  @inlinable
  public subscript(range: Range<Int>) -> ByteView {
    let lower = Swift.min(Swift.max(range.lowerBound, 0), count)
    let upper = Swift.min(Swift.max(range.upperBound, lower), count)
    return ByteView(start: start + lower, count: upper - lower)
  }

  @inlinable public var first: UInt8? { count > 0 ? self[0] : nil }

  @inlinable public var last: UInt8? { count > 0 ? self[count - 1] : nil }

  @inlinable public func dropFirst(_ n: Int) -> ByteView { self[Swift.min(n, count)..<count] }

  @inlinable public func prefix(_ n: Int) -> ByteView { self[0..<n] }

  /// Where `byte` first stands, at `from` or after it; `nil` when it does not.
  public func firstIndex(of byte: UInt8, from: Int = 0) -> Int? {
    guard from >= 0, from < count, let found = memchr(start + from, Int32(byte), count - from) else { return nil }
    return UnsafeRawPointer(found) - start
  }

  /// Where `byte` stands last in front of `end`; `nil` when it does not.
  public func lastIndex(of byte: UInt8, before end: Int) -> Int? {
    let length = Swift.min(end, count)
    var index = length
    let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
    // Eight bytes that hold none are passed at once; the flag may be raised wrongly above a hit, never without one.
    while index >= 8 {
      let bytes = (start + index - 8).loadUnaligned(as: UInt64.self) ^ pattern
      if (bytes &- 0x0101_0101_0101_0101) & ~bytes & 0x8080_8080_8080_8080 != 0 { break }
      index -= 8
    }
    while index > 0 {
      index -= 1
      if self[index] == byte { return index }
    }
    return nil
  }

  /// How often `byte` stands in the view.
  public func count(of byte: UInt8) -> Int {
    var n = 0
    var from = 0
    while let index = firstIndex(of: byte, from: from) {
      n += 1
      from = index + 1
    }
    return n
  }

  /// Whether these are exactly the bytes of `text`.
  @inlinable
  public func equals(_ text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && memcmp(start, text.utf8Start, count) == 0
  }

  public func hasPrefix(_ bytes: [UInt8]) -> Bool {
    count >= bytes.count && bytes.withUnsafeBytes { memcmp(start, $0.baseAddress ?? start, bytes.count) == 0 }
  }
}

extension ByteView: Equatable, Hashable {
  @inlinable
  public static func == (left: ByteView, right: ByteView) -> Bool {
    left.count == right.count && (left.start == right.start || memcmp(left.start, right.start, left.count) == 0)
  }

  @inlinable
  public func hash(into hasher: inout Hasher) {
    hasher.combine(bytes: buffer)
  }
}

extension String {
  /// The view's bytes as text; what is not UTF-8 becomes U+FFFD.
  @inlinable
  public init(_ view: ByteView) {
    self.init(decoding: view.buffer, as: UTF8.self)
  }
}

extension Array<UInt8> {
  /// A copy of the view's bytes.
  @inlinable
  public init(_ view: ByteView) {
    self.init(view.buffer)
  }

  /// Calls `body` with a view of the array, valid for that call only.
  @inlinable
  public func withByteView<Result, Failure: Error>(
    _ body: (ByteView) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBufferPointer { (buffer) throws(Failure) in
      try body(ByteView(UnsafeRawBufferPointer(buffer)))
    }
  }

  /// Appends the view's bytes.
  @inlinable
  public mutating func append(_ view: ByteView) {
    append(contentsOf: view.buffer)
  }
}

import Platform

/// A message type that reads itself in place from its bytes.
public protocol WireMessage {
  init(_ message: ByteView) throws(WireError)
}

/// The elements of one repeated message field, read in place: `while let element = try field.next() { … }`.
///
/// Holds the stretch of the enclosing message from the first element to the last; other fields in between are passed
/// over. A copy starts again where the original stood.
@frozen
public struct RepeatedField<Element: WireMessage> {
  @usableFromInline var cursor: WireCursor
  @usableFromInline let tag: WireTag

  /// - Parameters:
  ///   - stretch: bytes of the enclosing message, beginning and ending between two of its fields.
  ///   - field: the repeated field's number.
  @inlinable @inline(__always)
  public init(_ stretch: ByteView, field: Int) {
    cursor = WireCursor(stretch)
    tag = WireTag(field: field, .lengthDelimited)
  }

  /// A field without elements.
  @inlinable public static var none: RepeatedField { RepeatedField(.empty, field: 1) }

  /// The next element; `nil` after the last.
  @inlinable @inline(__always)
  public mutating func next() throws(WireError) -> Element? {
    while let found = try cursor.nextTag() {
      if found == tag { return try Element(cursor.bytes()) }
      if found.field == tag.field { throw .badWireType(field: tag.field) }
      try cursor.skip(found)
    }
    return nil
  }

  /// Calls `body` with each remaining element.
  @inlinable @inline(__always)
  public func forEach(_ body: (Element) throws(WireError) -> Void) throws(WireError) {
    var rest = self
    while let element = try rest.next() { try body(element) }
  }

  /// How many elements remain.
  public func count() throws(WireError) -> Int {
    var rest = cursor
    var n = 0
    while let found = try rest.nextTag() {
      try rest.skip(found)
      if found == tag { n += 1 }
    }
    return n
  }
}

/// Collects where the elements of a repeated field begin and end while its enclosing message is walked.
@frozen @usableFromInline
struct Stretch {
  @usableFromInline var first: UnsafeRawPointer?
  @usableFromInline var last: UnsafeRawPointer?

  @inlinable @inline(__always)
  init() {
    first = nil
    last = nil
  }

  /// Takes in a field that began at `start`, its tag included, and ended at `end`.
  @inlinable @inline(__always)
  mutating func include(from start: UnsafeRawPointer, to end: UnsafeRawPointer) {
    if first == nil { first = start }
    last = end
  }

  @inlinable @inline(__always)
  var view: ByteView {
    if let first, let last { ByteView(start: first, end: last) } else { .empty }
  }
}

import Platform

/// What is wrong with a run of protobuf bytes.
public enum WireError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A field's length reaches beyond the message that holds it, or the message ends inside a field.
  case truncated
  /// A varint of more than ten bytes.
  case varintTooLong
  /// Field number 0, or a wire type that proto3 does not have (groups included).
  case badTag
  /// A field that has another wire type than its declaration.
  case badWireType(field: Int)
  /// An id of a length that ids do not have.
  case badLength(field: Int)
  /// Messages nested deeper than `AnyValueView.maximumDepth`.
  case tooDeep

  public var description: String {
    switch self {
    case .truncated: "protobuf data ends inside a field"
    case .varintTooLong: "protobuf varint longer than ten bytes"
    case .badTag: "invalid protobuf tag"
    case .badWireType(let field): "protobuf field \(field) has the wrong wire type"
    case .badLength(let field): "protobuf field \(field) has the wrong length"
    case .tooDeep: "protobuf values nested too deep"
    }
  }
}

/// A field's number and wire type, as they stand before its value.
@frozen
public struct WireTag: Equatable, Sendable {
  /// `number << 3 | wire type`.
  public let rawValue: UInt32

  @inlinable @inline(__always)
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  @inlinable public init(field: Int, _ type: WireType) {
    rawValue = UInt32(truncatingIfNeeded: field) << 3 | UInt32(type.rawValue)
  }

  @inlinable @inline(__always) public var field: Int { Int(rawValue >> 3) }

  @inlinable @inline(__always) public var wireType: UInt8 { UInt8(rawValue & 7) }
}

/// The wire types of proto3.
public enum WireType: UInt8, Sendable {
  case varint = 0
  case fixed64 = 1
  case lengthDelimited = 2
  case fixed32 = 5
}

/// Reads the fields of one protobuf message in place, front to back.
///
/// Invariant: `position <= end`, both inside the view the cursor was made of; every read checks against `end` before it
/// touches memory, so that no input can make it read elsewhere.
@frozen
public struct WireCursor {
  /// Where the next field begins.
  public private(set) var position: UnsafeRawPointer {
    @inlinable @inline(__always) get { at }
    set { at = newValue }
  }
  @usableFromInline var at: UnsafeRawPointer
  @usableFromInline let end: UnsafeRawPointer

  @inlinable @inline(__always)
  public init(_ message: ByteView) {
    at = message.start
    end = message.end
  }

  @inlinable @inline(__always) public var isAtEnd: Bool { at >= end }

  /// The next field's tag; `nil` at the end of the message.
  @inlinable @inline(__always)
  public mutating func nextTag() throws(WireError) -> WireTag? {
    if at >= end { return nil }
    let first = at.load(as: UInt8.self)
    if first < 0x80 {
      at += 1
      if first < 8 { throw .badTag }
      return WireTag(rawValue: UInt32(first))
    }
    let raw = try varint()
    if raw > UInt64(UInt32.max) || raw < 8 { throw .badTag }
    return WireTag(rawValue: UInt32(truncatingIfNeeded: raw))
  }

  @inlinable @inline(__always)
  public mutating func varint() throws(WireError) -> UInt64 {
    if at < end {
      let first = at.load(as: UInt8.self)
      if first < 0x80 {
        at += 1
        return UInt64(first)
      }
    }
    return try longVarint()
  }

  @usableFromInline
  mutating func longVarint() throws(WireError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while at < end {
      let byte = at.load(as: UInt8.self)
      at += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
      if shift >= 70 { throw .varintTooLong }
    }
    throw .truncated
  }

  @inlinable @inline(__always)
  public mutating func fixed64() throws(WireError) -> UInt64 {
    guard end - at >= 8 else { throw .truncated }
    let value = UInt64(littleEndian: at.loadUnaligned(as: UInt64.self))
    at += 8
    return value
  }

  @inlinable @inline(__always)
  public mutating func fixed32() throws(WireError) -> UInt32 {
    guard end - at >= 4 else { throw .truncated }
    let value = UInt32(littleEndian: at.loadUnaligned(as: UInt32.self))
    at += 4
    return value
  }

  /// A length-delimited value: a string, bytes or a message.
  @inlinable @inline(__always)
  public mutating func bytes() throws(WireError) -> ByteView {
    let length = try varint()
    guard length <= UInt64(UInt(bitPattern: end - at)) else { throw .truncated }
    let view = ByteView(start: at, count: Int(truncatingIfNeeded: length))
    at += view.count
    return view
  }

  /// Passes over the value of the field whose tag was just read.
  @inlinable @inline(__always)
  public mutating func skip(_ tag: WireTag) throws(WireError) {
    switch tag.wireType {
    case 0: _ = try varint()
    case 1: _ = try fixed64()
    case 2: _ = try bytes()
    case 5: _ = try fixed32()
    default: throw .badTag
    }
  }
}

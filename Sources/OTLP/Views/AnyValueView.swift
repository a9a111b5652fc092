import Platform

/// A KeyValue: an attribute.
@frozen
public struct KeyValueView: WireMessage {
  public let key: ByteView
  /// The AnyValue message, not yet read.
  public let valueBytes: ByteView
  /// Whether an AnyValue was present, were it empty.
  public let hasValue: Bool

  @inlinable @inline(__always)
  public init(_ message: ByteView) throws(WireError) {
    var key = ByteView.empty
    var value = ByteView.empty
    var hasValue = false
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      switch tag.rawValue {
      case 1 << 3 | 2: key = try cursor.bytes()
      case 2 << 3 | 2:
        value = try cursor.bytes()
        hasValue = true
      default: try cursor.skip(tag)
      }
    }
    self.key = key
    valueBytes = value
    self.hasValue = hasValue
  }

  @inlinable public var value: AnyValueView {
    get throws(WireError) { try AnyValueView(valueBytes) }
  }
}

/// An AnyValue: what an attribute holds.
@frozen
public enum AnyValueView: WireMessage {
  /// How deep arrays and maps may hold one another before a walk gives up.
  public static let maximumDepth = 64

  case empty
  case string(ByteView)
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case array(RepeatedField<AnyValueView>)
  case kvlist(RepeatedField<KeyValueView>)
  case bytes(ByteView)

  /// The last of the members present wins, as protobuf has it for a `oneof`.
  @inlinable
  public init(_ message: ByteView) throws(WireError) {
    self = .empty
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      switch tag.rawValue {
      case 1 << 3 | 2: self = .string(try cursor.bytes())
      case 2 << 3: self = .bool(try cursor.varint() != 0)
      case 3 << 3: self = .int(Int64(bitPattern: try cursor.varint()))
      case 4 << 3 | 1: self = .double(Double(bitPattern: try cursor.fixed64()))
      case 5 << 3 | 2: self = .array(RepeatedField(try cursor.bytes(), field: 1))
      case 6 << 3 | 2: self = .kvlist(RepeatedField(try cursor.bytes(), field: 1))
      case 7 << 3 | 2: self = .bytes(try cursor.bytes())
      default:
        if tag.field <= 7 { throw .badWireType(field: tag.field) }
        try cursor.skip(tag)
      }
    }
  }
}

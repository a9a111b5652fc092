import Platform

/// Whether a span or log record is one at all: its fields have the wire types of their declarations, and ids the length
/// that they must have.
///
/// That tells logs sent as traces from traces, and finds what every backend refuses, in a few nanoseconds an element. What
/// lies deeper, such as an attribute, is not looked at.
public struct ElementCheck: Sendable {
  /// Three bits a field, from field 0 on: its wire type, or 7 where there is no such field.
  @usableFromInline let types: UInt64
  /// The length that each of the fields 0 to 11 has when it is not empty, five bits a field; 0: any.
  @usableFromInline let lengths: UInt64

  public init(_ signal: OTLPSignal) {
    switch signal {
    case .traces:
      // trace_id, span_id, trace_state, parent_span_id, name, kind, start, end, attributes, …, links, …, status, flags
      types = ElementCheck.pack([7, 2, 2, 2, 2, 2, 0, 1, 1, 2, 0, 2, 0, 2, 0, 2, 5], bits: 3)
      lengths = ElementCheck.pack([0, 16, 8, 0, 8], bits: 5)
    case .logs:
      // time, severity, its text, body, attributes, …, flags, trace_id, span_id, observed time, event name
      types = ElementCheck.pack([7, 1, 0, 2, 7, 2, 2, 0, 5, 2, 2, 1, 2], bits: 3)
      lengths = ElementCheck.pack([0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 8], bits: 5)
    case .metrics:
      // name, description, unit, gauge, sum, histogram, exponential histogram, summary, metadata
      types = ElementCheck.pack([7, 2, 2, 2, 7, 2, 7, 2, 7, 2, 2, 2, 2], bits: 3)
      lengths = 0
    }
  }

  /// Fields that are not named take any wire type.
  private static func pack(_ values: [UInt64], bits: Int) -> UInt64 {
    var packed: UInt64 = bits == 3 ? .max : 0
    for (field, value) in values.enumerated() {
      packed &= ~(((1 << UInt64(bits)) - 1) << UInt64(field * bits))
      packed |= value << UInt64(field * bits)
    }
    return packed
  }

  /// Passes over the value of a field of such an element.
  @inlinable @inline(__always)
  func skip(_ tag: WireTag, of cursor: inout WireCursor) throws(WireError) {
    let field = tag.field
    guard field < 21 else { return try cursor.skip(tag) }
    let type = types >> UInt64(field &* 3) & 7
    if type != UInt64(tag.wireType), type != 7 { throw .badWireType(field: field) }
    guard tag.wireType == WireType.lengthDelimited.rawValue else { return try cursor.skip(tag) }
    let count = try cursor.bytes().count
    guard field < 12 else { return }
    let wanted = Int(truncatingIfNeeded: lengths >> UInt64(field &* 5) & 31)
    if wanted != 0, count != wanted, count != 0 { throw .badLength(field: field) }
  }

  /// Checks all fields of `element`.
  @inlinable
  func check(_ element: ByteView) throws(WireError) {
    var cursor = WireCursor(element)
    while let tag = try cursor.nextTag() { try skip(tag, of: &cursor) }
  }
}

import OTLP
import Platform

/// The single-valued fields of a span, and where its attributes, events and links are.
///
/// This reads less than `SpanView` does: it stops before the attributes when nothing behind them is needed, which is
/// half of the work of a query over half a million spans. Encoders of protobuf write fields in ascending order; what was
/// JSON has them in the order of its keys, so that nothing is left unread while anything is missing.
struct SpanHeader {
  var traceID = ByteView.empty
  var spanID = ByteView.empty
  var parentID = ByteView.empty
  var name = ByteView.empty
  var kind: UInt64 = 0
  /// ns since 1970.
  var start: UInt64 = 0
  /// ns since 1970.
  var end: UInt64 = 0
  var statusCode: UInt64 = 0
  var statusMessage = ByteView.empty
  /// The stretch of the message from the first attribute on.
  var rest = ByteView.empty

  /// How long the span took, in ns; 0 when it ends before it starts.
  var duration: Int { end > start ? Int(clamping: end &- start) : 0 }

  /// - Parameter needsStatus: whether to read on behind the attributes.
  @inline(__always)
  init(_ message: ByteView, needsStatus: Bool) throws(WireError) {
    var cursor = WireCursor(message)
    var fieldStart = cursor.position
    while let tag = try cursor.nextTag() {
      switch tag.rawValue {
      case 1 << 3 | 2: traceID = try cursor.bytes()
      case 2 << 3 | 2: spanID = try cursor.bytes()
      case 4 << 3 | 2: parentID = try cursor.bytes()
      case 5 << 3 | 2: name = try cursor.bytes()
      case 6 << 3: kind = try cursor.varint()
      case 7 << 3 | 1: start = try cursor.fixed64()
      case 8 << 3 | 1: end = try cursor.fixed64()
      case 15 << 3 | 2: try readStatus(cursor.bytes())
      default:
        if tag.field >= 9, rest.isEmpty {
          rest = ByteView(start: fieldStart, end: message.end)
          if !needsStatus, isComplete { return }
        }
        try cursor.skip(tag)
      }
      fieldStart = cursor.position
    }
  }

  /// Whether all that may stand in front of the attributes has been seen. A root has no parent, and is read to its end.
  @inline(__always)
  private var isComplete: Bool {
    !parentID.isEmpty && start != 0 && end != 0 && kind != 0 && !traceID.isEmpty && !spanID.isEmpty && !name.isEmpty
  }

  private mutating func readStatus(_ message: ByteView) throws(WireError) {
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      switch tag.rawValue {
      case 2 << 3 | 2: statusMessage = try cursor.bytes()
      case 3 << 3: statusCode = try cursor.varint()
      default: try cursor.skip(tag)
      }
    }
  }
}

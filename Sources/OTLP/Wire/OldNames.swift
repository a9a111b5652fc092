public import Platform

/// Requests from before OTLP 1.0, where the spans of a library stood in `instrumentation_library_spans`, field 1000 of
/// ResourceSpans, in a message that is read as ScopeSpans is; metrics and log records likewise.
///
/// Receivers of today do not know the field and would take such a request for an empty one, so that it is rewritten on
/// its way in.
public enum OldNames {
  @usableFromInline static let tag = WireTag(field: 1000, .lengthDelimited)

  /// Appends `request` with the field as `scope_spans`.
  public static func rewrite(_ request: ByteView, into out: inout ByteBuffer) throws(WireError) {
    out.reserve(request.count)
    try forEachField(of: request) { (tag, field, value) throws(WireError) in
      guard tag == WireTag(field: 1, .lengthDelimited) else { return out.append(field) }
      try out.appendField(1, reserving: varintSize(UInt64(value.count))) { (out) throws(WireError) in
        try forEachField(of: value) { (tag, field, value) throws(WireError) in
          if tag == OldNames.tag { out.appendField(2, bytes: value) } else { out.append(field) }
        }
      }
    }
  }

  /// Calls `body` with each field of `message`: its tag, all of its bytes, and, of those with a length, the content.
  private static func forEachField(
    of message: ByteView, _ body: (WireTag, _ field: ByteView, _ value: ByteView) throws(WireError) -> Void
  ) throws(WireError) {
    var cursor = WireCursor(message)
    var start = cursor.position
    while let tag = try cursor.nextTag() {
      var value = ByteView.empty
      if tag.wireType == 2 { value = try cursor.bytes() } else { try cursor.skip(tag) }
      try body(tag, ByteView(start: start, end: cursor.position), value)
      start = cursor.position
    }
  }
}

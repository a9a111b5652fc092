import OTLP
import Platform

/// Looks at requests before they are handed out.
enum RequestCheck {
  /// Throws what any reader of the request would throw, down to the last attribute.
  static func everything(in request: ByteView, signal: OTLPSignal) throws(WireError) {
    _ = try RequestWalk(request, signal: signal)
    guard signal == .traces else { return }
    try RequestView(request).resourceSpans.forEach { (resource) throws(WireError) in
      try attributes(resource.resource.attributes)
      try resource.scopeSpans.forEach { (scope) throws(WireError) in
        try attributes(scope.scope.attributes)
        try scope.spans.forEach { (span) throws(WireError) in
          try attributes(span.attributes)
          try span.events.forEach { (event) throws(WireError) in try attributes(event.attributes) }
          try span.links.forEach { (link) throws(WireError) in try attributes(link.attributes) }
        }
      }
    }
  }

  private static func attributes(_ list: RepeatedField<KeyValueView>, depth: Int = 0) throws(WireError) {
    try list.forEach { (attribute) throws(WireError) in try value(attribute.value, depth: depth) }
  }

  private static func value(_ value: AnyValueView, depth: Int) throws(WireError) {
    guard depth < AnyValueView.maximumDepth else { throw .tooDeep }
    switch value {
    case .array(let elements):
      try elements.forEach { (element) throws(WireError) in try self.value(element, depth: depth + 1) }
    case .kvlist(let members): try attributes(members, depth: depth + 1)
    default: break
    }
  }

  /// What the outer two levels of a request of any signal hold beside what everybody knows.
  struct Fields {
    /// Whether something stands where it stood before OTLP 1.0.
    var hasOldNames = false
    /// The first field that is not known and holds bytes, and where it begins.
    var unknown: (field: Int, offset: Int)?

    init(of request: ByteView) throws(WireError) {
      var top = WireCursor(request)
      while let tag = try top.nextTag() {
        guard tag.field == 1, tag.wireType == 2 else {
          try note(tag, &top, request)
          continue
        }
        var resource = WireCursor(try top.bytes())
        while let tag = try resource.nextTag() {
          if tag.wireType == 2, tag.field == 1000 { hasOldNames = true }
          if tag.field <= 3 || tag.field == 1000 { try resource.skip(tag) } else { try note(tag, &resource, request) }
        }
      }
    }

    private mutating func note(_ tag: WireTag, _ cursor: inout WireCursor, _ request: ByteView) throws(WireError) {
      guard tag.wireType == 2 else { return try cursor.skip(tag) }
      let offset = cursor.position - request.start
      if try cursor.bytes().count > 0, unknown == nil { unknown = (tag.field, offset) }
    }
  }

  /// Whether the first span has ids as long as ids are, or none: metrics have the same field numbers, but a name where a
  /// span has its trace's id. What is broken is for others to report.
  static func mayHoldSpans(_ request: ByteView) -> Bool {
    (try? firstSpan(of: request)).flatMap { $0 }.map { element in
      var cursor = WireCursor(element)
      while let tag = (try? cursor.nextTag()).flatMap({ $0 }) {
        if tag.field == 1 || tag.field == 2, tag.wireType == 2 {
          guard let id = try? cursor.bytes() else { return true }
          return id.isEmpty || id.count == (tag.field == 1 ? 16 : 8)
        }
        if tag.field == 1 { return false }
        if (try? cursor.skip(tag)) == nil { return true }
      }
      return true
    } ?? true
  }

  private static func firstSpan(of request: ByteView) throws(WireError) -> ByteView? {
    var top = WireCursor(request)
    while let tag = try top.nextTag() {
      guard tag == WireTag(field: 1, .lengthDelimited) else {
        try top.skip(tag)
        continue
      }
      var resource = WireCursor(try top.bytes())
      while let tag = try resource.nextTag() {
        guard tag.field == 2 || tag.field == 1000, tag.wireType == 2 else {
          try resource.skip(tag)
          continue
        }
        var scope = WireCursor(try resource.bytes())
        while let tag = try scope.nextTag() {
          if tag == WireTag(field: 2, .lengthDelimited) { return try scope.bytes() }
          try scope.skip(tag)
        }
      }
    }
    return nil
  }

  /// Appends what is whole in a request that is cut somewhere: spans of the last scope of the last resource included.
  static func salvage(_ request: ByteView, into out: inout ByteBuffer) {
    whole(fieldsOf: request, level: 0, into: &out)
  }

  /// Appends the whole fields of `message`, and of the one that is cut what is whole in it: `level` 0 is the request, 1 a
  /// ResourceSpans, 2 a ScopeSpans.
  private static func whole(fieldsOf message: ByteView, level: Int, into out: inout ByteBuffer) {
    var cursor = WireCursor(message)
    var start = cursor.position
    while true {
      var ahead = cursor
      do throws(WireError) {
        guard let tag = try cursor.nextTag() else { return }
        ahead = cursor
        try cursor.skip(tag)
        out.append(ByteView(start: start, end: cursor.position))
        start = cursor.position
      } catch {
        guard level < 2, error == .truncated else { return }
        var tagCursor = WireCursor(ByteView(start: start, end: message.end))
        guard let tag = (try? tagCursor.nextTag()).flatMap({ $0 }), tag.wireType == 2,
          tag.field == (level == 0 ? 1 : 2) || level == 1 && tag.field == 1000, (try? ahead.varint()) != nil
        else { return }
        let rest = ByteView(start: ahead.position, end: message.end)
        out.appendTag(tag.field, .lengthDelimited)
        let mark = out.beginLengthDelimited(reserving: 3)
        whole(fieldsOf: rest, level: level + 1, into: &out)
        out.endLengthDelimited(mark, reserved: 3)
        return
      }
    }
  }
}

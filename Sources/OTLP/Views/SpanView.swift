import Platform

/// A Span, read in place: one pass over its fields; attributes, events and links are read when they are asked for.
@frozen
public struct SpanView: WireMessage {
  public let bytes: ByteView
  /// 16 bytes in well-formed data; empty when absent. The length is not checked here.
  public let traceID: ByteView
  /// 8 bytes in well-formed data.
  public let spanID: ByteView
  /// 8 bytes; empty or all zero for a root.
  public let parentSpanID: ByteView
  public let traceState: ByteView
  public let name: ByteView
  /// SpanKind as sent; may lie outside the known values.
  public let kind: Int32
  /// StatusCode as sent: 0 unset, 1 ok, 2 error; may lie outside these.
  public let statusCode: Int32
  public let statusMessage: ByteView
  /// Whether a Status message was present at all, were it empty.
  public let hasStatus: Bool
  public let flags: UInt32
  /// ns since 1970.
  public let startTimeUnixNano: UInt64
  /// ns since 1970.
  public let endTimeUnixNano: UInt64
  public let droppedAttributesCount: UInt32
  public let droppedEventsCount: UInt32
  public let droppedLinksCount: UInt32
  @usableFromInline let attributeBytes: ByteView
  @usableFromInline let eventBytes: ByteView
  @usableFromInline let linkBytes: ByteView

  @inlinable
  public init(_ message: ByteView) throws(WireError) {
    bytes = message
    var traceID = ByteView.empty
    var spanID = ByteView.empty
    var parentSpanID = ByteView.empty
    var traceState = ByteView.empty
    var name = ByteView.empty
    var kind: UInt64 = 0
    var status = ByteView.empty
    var hasStatus = false
    var flags: UInt32 = 0
    var start: UInt64 = 0
    var end: UInt64 = 0
    var dropped: (attributes: UInt64, events: UInt64, links: UInt64) = (0, 0, 0)
    var attributes = Stretch()
    var events = Stretch()
    var links = Stretch()
    var cursor = WireCursor(message)
    var fieldStart = cursor.at
    while let tag = try cursor.nextTag() {
      switch tag.rawValue {
      case 1 << 3 | 2: traceID = try cursor.bytes()
      case 2 << 3 | 2: spanID = try cursor.bytes()
      case 3 << 3 | 2: traceState = try cursor.bytes()
      case 4 << 3 | 2: parentSpanID = try cursor.bytes()
      case 5 << 3 | 2: name = try cursor.bytes()
      case 6 << 3: kind = try cursor.varint()
      case 7 << 3 | 1: start = try cursor.fixed64()
      case 8 << 3 | 1: end = try cursor.fixed64()
      case 9 << 3 | 2:
        _ = try cursor.bytes()
        attributes.include(from: fieldStart, to: cursor.at)
      case 10 << 3: dropped.attributes = try cursor.varint()
      case 11 << 3 | 2:
        _ = try cursor.bytes()
        events.include(from: fieldStart, to: cursor.at)
      case 12 << 3: dropped.events = try cursor.varint()
      case 13 << 3 | 2:
        _ = try cursor.bytes()
        links.include(from: fieldStart, to: cursor.at)
      case 14 << 3: dropped.links = try cursor.varint()
      case 15 << 3 | 2:
        status = try cursor.bytes()
        hasStatus = true
      case 16 << 3 | 5: flags = try cursor.fixed32()
      default:
        if tag.field <= 16 { throw .badWireType(field: tag.field) }
        try cursor.skip(tag)
      }
      fieldStart = cursor.at
    }

    var code: UInt64 = 0
    var statusMessage = ByteView.empty
    if !status.isEmpty {
      var inner = WireCursor(status)
      while let tag = try inner.nextTag() {
        switch tag.rawValue {
        case 2 << 3 | 2: statusMessage = try inner.bytes()
        case 3 << 3: code = try inner.varint()
        default: try inner.skip(tag)
        }
      }
    }

    self.traceID = traceID
    self.spanID = spanID
    self.parentSpanID = parentSpanID
    self.traceState = traceState
    self.name = name
    self.kind = Int32(truncatingIfNeeded: kind)
    statusCode = Int32(truncatingIfNeeded: code)
    self.statusMessage = statusMessage
    self.hasStatus = hasStatus
    self.flags = flags
    startTimeUnixNano = start
    endTimeUnixNano = end
    droppedAttributesCount = UInt32(truncatingIfNeeded: dropped.attributes)
    droppedEventsCount = UInt32(truncatingIfNeeded: dropped.events)
    droppedLinksCount = UInt32(truncatingIfNeeded: dropped.links)
    attributeBytes = attributes.view
    eventBytes = events.view
    linkBytes = links.view
  }

  @inlinable public var attributes: RepeatedField<KeyValueView> { RepeatedField(attributeBytes, field: 9) }
  @inlinable public var events: RepeatedField<EventView> { RepeatedField(eventBytes, field: 11) }
  @inlinable public var links: RepeatedField<LinkView> { RepeatedField(linkBytes, field: 13) }

  /// `end - start` in ns; 0 when the span ends before it starts.
  @inlinable public var durationNano: UInt64 {
    endTimeUnixNano > startTimeUnixNano ? endTimeUnixNano &- startTimeUnixNano : 0
  }
}

/// An Event of a span.
@frozen
public struct EventView: WireMessage {
  public let bytes: ByteView
  /// ns since 1970.
  public let timeUnixNano: UInt64
  public let name: ByteView
  public let droppedAttributesCount: UInt32

  @inlinable
  public init(_ message: ByteView) throws(WireError) {
    bytes = message
    var time: UInt64 = 0
    var name = ByteView.empty
    var dropped: UInt64 = 0
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      switch tag.rawValue {
      case 1 << 3 | 1: time = try cursor.fixed64()
      case 2 << 3 | 2: name = try cursor.bytes()
      case 4 << 3: dropped = try cursor.varint()
      default: try cursor.skip(tag)
      }
    }
    timeUnixNano = time
    self.name = name
    droppedAttributesCount = UInt32(truncatingIfNeeded: dropped)
  }

  @inlinable public var attributes: RepeatedField<KeyValueView> { RepeatedField(bytes, field: 3) }
}

/// A Link from a span to another.
@frozen
public struct LinkView: WireMessage {
  public let bytes: ByteView
  public let traceID: ByteView
  public let spanID: ByteView
  public let traceState: ByteView
  public let droppedAttributesCount: UInt32
  public let flags: UInt32

  @inlinable
  public init(_ message: ByteView) throws(WireError) {
    bytes = message
    var traceID = ByteView.empty
    var spanID = ByteView.empty
    var traceState = ByteView.empty
    var dropped: UInt64 = 0
    var flags: UInt32 = 0
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      switch tag.rawValue {
      case 1 << 3 | 2: traceID = try cursor.bytes()
      case 2 << 3 | 2: spanID = try cursor.bytes()
      case 3 << 3 | 2: traceState = try cursor.bytes()
      case 5 << 3: dropped = try cursor.varint()
      case 6 << 3 | 5: flags = try cursor.fixed32()
      default: try cursor.skip(tag)
      }
    }
    self.traceID = traceID
    self.spanID = spanID
    self.traceState = traceState
    droppedAttributesCount = UInt32(truncatingIfNeeded: dropped)
    self.flags = flags
  }

  @inlinable public var attributes: RepeatedField<KeyValueView> { RepeatedField(bytes, field: 4) }
}

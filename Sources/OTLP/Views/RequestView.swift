import Platform

/// An ExportTraceServiceRequest or TracesData (the two have the same fields), read in place.
///
/// Field numbers here and in the other views: opentelemetry-proto 1.x, `trace/v1/trace.proto`.
@frozen
public struct RequestView: WireMessage {
  public let bytes: ByteView

  @inlinable public init(_ message: ByteView) { bytes = message }

  @inlinable public var resourceSpans: RepeatedField<ResourceSpansView> { RepeatedField(bytes, field: 1) }
}

/// ResourceSpans: the spans of one resource.
@frozen
public struct ResourceSpansView: WireMessage {
  public let bytes: ByteView
  public let resource: ResourceView
  public let schemaURL: ByteView
  @usableFromInline let scopes: ByteView

  @inlinable
  public init(_ message: ByteView) throws(WireError) {
    bytes = message
    var cursor = WireCursor(message)
    var resource = ResourceView.none
    var schemaURL = ByteView.empty
    var stretch = Stretch()
    var start = cursor.at
    while let tag = try cursor.nextTag() {
      switch tag.rawValue {
      case 1 << 3 | 2: resource = try ResourceView(cursor.bytes())
      case 2 << 3 | 2:
        _ = try cursor.bytes()
        stretch.include(from: start, to: cursor.at)
      case 3 << 3 | 2: schemaURL = try cursor.bytes()
      default: try cursor.skip(tag)
      }
      start = cursor.at
    }
    self.resource = resource
    self.schemaURL = schemaURL
    scopes = stretch.view
  }

  @inlinable public var scopeSpans: RepeatedField<ScopeSpansView> { RepeatedField(scopes, field: 2) }
}

/// Resource: what produced the spans.
@frozen
public struct ResourceView: WireMessage {
  public let bytes: ByteView
  public let droppedAttributesCount: UInt32

  @inlinable
  public init(_ message: ByteView) throws(WireError) {
    bytes = message
    var dropped: UInt64 = 0
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      if tag.rawValue == 2 << 3 { dropped = try cursor.varint() } else { try cursor.skip(tag) }
    }
    droppedAttributesCount = UInt32(truncatingIfNeeded: dropped)
  }

  @usableFromInline
  init(bytes: ByteView) {
    self.bytes = bytes
    droppedAttributesCount = 0
  }

  /// A resource without attributes.
  public static var none: ResourceView { ResourceView(bytes: .empty) }

  @inlinable public var attributes: RepeatedField<KeyValueView> { RepeatedField(bytes, field: 1) }
}

/// ScopeSpans: the spans of one instrumentation scope.
@frozen
public struct ScopeSpansView: WireMessage {
  public let bytes: ByteView
  public let scope: ScopeView
  public let schemaURL: ByteView
  @usableFromInline let spanBytes: ByteView

  @inlinable
  public init(_ message: ByteView) throws(WireError) {
    bytes = message
    var cursor = WireCursor(message)
    var scope = ScopeView.none
    var schemaURL = ByteView.empty
    var stretch = Stretch()
    var start = cursor.at
    while let tag = try cursor.nextTag() {
      switch tag.rawValue {
      case 1 << 3 | 2: scope = try ScopeView(cursor.bytes())
      case 2 << 3 | 2:
        _ = try cursor.bytes()
        stretch.include(from: start, to: cursor.at)
      case 3 << 3 | 2: schemaURL = try cursor.bytes()
      default: try cursor.skip(tag)
      }
      start = cursor.at
    }
    self.scope = scope
    self.schemaURL = schemaURL
    spanBytes = stretch.view
  }

  @inlinable public var spans: RepeatedField<SpanView> { RepeatedField(spanBytes, field: 2) }
}

/// InstrumentationScope: the library that made the spans.
@frozen
public struct ScopeView: WireMessage {
  public let bytes: ByteView
  public let name: ByteView
  public let version: ByteView
  public let droppedAttributesCount: UInt32

  @inlinable
  public init(_ message: ByteView) throws(WireError) {
    bytes = message
    var cursor = WireCursor(message)
    var name = ByteView.empty
    var version = ByteView.empty
    var dropped: UInt64 = 0
    while let tag = try cursor.nextTag() {
      switch tag.rawValue {
      case 1 << 3 | 2: name = try cursor.bytes()
      case 2 << 3 | 2: version = try cursor.bytes()
      case 4 << 3: dropped = try cursor.varint()
      default: try cursor.skip(tag)
      }
    }
    self.name = name
    self.version = version
    droppedAttributesCount = UInt32(truncatingIfNeeded: dropped)
  }

  @usableFromInline
  init(bytes: ByteView) {
    self.bytes = bytes
    name = .empty
    version = .empty
    droppedAttributesCount = 0
  }

  /// A scope without a name.
  public static var none: ScopeView { ScopeView(bytes: .empty) }

  @inlinable public var attributes: RepeatedField<KeyValueView> { RepeatedField(bytes, field: 3) }
}

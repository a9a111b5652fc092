public import OTLP

/// A span copied once out of the bytes it came in.
public struct TraceSpan: Sendable {
  public var id: UInt64
  /// 0 for none.
  public var parent: UInt64
  public var service: String
  public var name: String
  public var kind: SpanKind
  /// Unix nanoseconds.
  public var start: Int64
  public var end: Int64
  public var isError: Bool
  public var message: String
  /// Of the span, then of the resource; `service.name` is left out.
  public var attributes: [Attribute]
  /// How many of `attributes` are the span's own.
  public var ownAttributes: Int
  public var events: [Event]
  public var links: [Link]

  public struct Attribute: Sendable, Hashable {
    public var key: String
    public var value: String

    public init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  /// Something that happened during the span.
  public struct Event: Sendable, Hashable {
    public var name: String
    /// Unix nanoseconds.
    public var time: Int64
    public var attributes: [Attribute]
  }

  /// A span of this or another trace that this one has to do with.
  public struct Link: Sendable, Hashable {
    /// Hexadecimal.
    public var traceID: String
    /// Hexadecimal.
    public var spanID: String
    public var attributes: [Attribute]
  }

  public init(
    id: UInt64, parent: UInt64, service: String, name: String, kind: SpanKind, start: Int64, end: Int64, isError: Bool,
    message: String, attributes: [Attribute], ownAttributes: Int, events: [Event] = [], links: [Link] = []
  ) {
    self.id = id
    self.parent = parent
    self.service = service
    self.name = name
    self.kind = kind
    self.start = start
    self.end = end
    self.isError = isError
    self.message = message
    self.attributes = attributes
    self.ownAttributes = ownAttributes
    self.events = events
    self.links = links
  }

  /// Nanoseconds; 0 for a span that ends before it starts.
  public var duration: Int64 { max(0, end &- start) }

  /// The value of an attribute of the span or its resource.
  public func value(_ key: String) -> String? { attributes.first { $0.key == key }?.value }

  /// 16 hexadecimal digits.
  public var idText: String { TraceSpan.text(id) }
  public var parentText: String? { parent == 0 ? nil : TraceSpan.text(parent) }

  private static func text(_ id: UInt64) -> String {
    let digits = String(id, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

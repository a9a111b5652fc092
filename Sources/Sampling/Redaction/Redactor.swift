public import OTLP
public import Platform
public import Relay

/// What is to be hidden in traces, and how.
public struct Redaction: Sendable {
  fileprivate var names: [NamePattern] = []
  fileprivate var patterns: [ValuePattern] = []
  fileprivate var hash: KeyedHash?

  public init() {}

  public var isEmpty: Bool { names.isEmpty && patterns.isEmpty }

  /// Hides the values of attributes with such names, `PLACE.NAME` with `*`; `false` when the text is none.
  public mutating func add(name text: String) -> Bool {
    guard let pattern = NamePattern(text) else { return false }
    names.append(pattern)
    return true
  }

  /// Hides what a pattern, or a set of that name, matches in any text; the reason when it is none.
  public mutating func add(values text: String) -> String? {
    do throws(ValuePattern.Problem) { patterns.append(try ValuePattern(text)) } catch { return error.reason }
    return nil
  }

  /// Writes keyed hashes in place of values.
  public mutating func use(key: [UInt8]) { hash = KeyedHash(key: key) }

  /// The sets of patterns that have names.
  public static var sets: [String] { ValuePattern.sets.keys.sorted() }
}

/// Hides values in requests of traces: a marker, or a keyed hash, stands in their place. Names of attributes stay.
public final class Redactor: TraceRewriter {
  private let redaction: Redaction
  private let matchers = Monitor<[ValueMatcher]>([])
  private let hidden = Counter()
  private static let marker = Array("[redacted]".utf8)
  /// Hexadecimal digits of a hash.
  private static let digits = 32

  public init(_ redaction: Redaction) { self.redaction = redaction }

  public var metrics: [StageMetric] {
    [
      StageMetric(
        name: "ongrid_relay_redacted_values_total", type: "counter",
        help: "Values, or parts of them, that were hidden.",
        samples: [(labels: [], value: hidden.value)])
    ]
  }

  public func rewrite(_ request: ByteView, into out: inout ByteBuffer) throws(WireError) {
    let matcher: ValueMatcher?
    if redaction.patterns.isEmpty {
      matcher = nil
    } else {
      let pooled = matchers.withLock { $0.popLast() }
      // Without memory for matching nothing can be known to be harmless.
      guard let made = pooled ?? ValueMatcher(redaction.patterns) else { throw .truncated }
      matcher = made
    }
    defer { if let matcher { matchers.withLock { $0.append(matcher) } } }
    try copy(request, .request, matcher, &out)
  }

  /// The messages in which there are values.
  private enum Kind {
    case request, resourceSpans, scopeSpans, resource, scope, span, event, link, status

    enum Field {
      case message(Kind)
      case attribute(NamePattern.Place)
      case text
    }

    func field(_ number: Int) -> Field? {
      switch (self, number) {
      case (.request, 1): .message(.resourceSpans)
      case (.resourceSpans, 1): .message(.resource)
      case (.resourceSpans, 2): .message(.scopeSpans)
      case (.scopeSpans, 1): .message(.scope)
      case (.scopeSpans, 2): .message(.span)
      case (.resource, 1): .attribute(.resource)
      case (.scope, 3): .attribute(.instrumentation)
      case (.span, 5): .text
      case (.span, 9): .attribute(.span)
      case (.span, 11): .message(.event)
      case (.span, 13): .message(.link)
      case (.span, 15): .message(.status)
      case (.event, 2): .text
      case (.event, 3): .attribute(.event)
      case (.link, 4): .attribute(.link)
      case (.status, 2): .text
      default: nil
      }
    }

    /// Bytes that the length of such a message mostly takes.
    var width: Int { self == .resourceSpans || self == .scopeSpans ? 3 : self == .span ? 2 : 1 }
  }

  private func copy(
    _ message: ByteView, _ kind: Kind, _ matcher: ValueMatcher?, _ out: inout ByteBuffer
  ) throws(WireError) {
    var cursor = WireCursor(message)
    var start = cursor.position
    while let tag = try cursor.nextTag() {
      guard tag.wireType == WireType.lengthDelimited.rawValue, let field = kind.field(tag.field) else {
        try cursor.skip(tag)
        out.append(ByteView(start: start, end: cursor.position))
        start = cursor.position
        continue
      }
      let content = try cursor.bytes()
      start = cursor.position
      switch field {
      case .message(let inner):
        try out.appendField(tag.field, reserving: inner.width) { (out) throws(WireError) in
          try copy(content, inner, matcher, &out)
        }
      case .attribute(let place):
        try out.appendField(tag.field) { (out) throws(WireError) in try attribute(content, place, matcher, &out) }
      case .text: text(content, tag.field, matcher, &out)
      }
    }
  }

  private func attribute(
    _ message: ByteView, _ place: NamePattern.Place, _ matcher: ValueMatcher?, _ out: inout ByteBuffer
  ) throws(WireError) {
    let attribute = try KeyValueView(message)
    if redaction.names.contains(where: { $0.matches(attribute.key, in: place) }) {
      // A text counts by itself, so that its hash can be computed elsewhere.
      var content = attribute.valueBytes
      if case .string(let text)? = try? attribute.value { content = text }
      out.appendField(1, bytes: attribute.key)
      out.appendField(2) { replace(content, 1, &$0) }
      return
    }
    guard let matcher else { return out.append(message) }
    try member(message, depth: 0, matcher, &out)
  }

  /// Appends an AnyValue with what matches hidden in it.
  private func value(
    _ message: ByteView, depth: Int, _ matcher: ValueMatcher, _ out: inout ByteBuffer
  ) throws(WireError) {
    if depth > AnyValueView.maximumDepth { return replace(message, 1, &out) }
    var cursor = WireCursor(message)
    var start = cursor.position
    while let tag = try cursor.nextTag() {
      switch tag.rawValue {
      case 1 << 3 | 2: text(try cursor.bytes(), 1, matcher, &out)
      case 3 << 3:
        let number = Int64(bitPattern: try cursor.varint())
        let digits = Array(String(number).utf8)
        if digits.withByteView({ matcher.matches(in: $0).isEmpty }) {
          out.append(ByteView(start: start, end: cursor.position))
        } else {
          digits.withByteView { replace($0, 1, &out) }
        }
      case 5 << 3 | 2:
        var elements = RepeatedField<EncodedMessage>(try cursor.bytes(), field: 1)
        try out.appendField(5) { (out) throws(WireError) in
          while let element = try elements.next() {
            try out.appendField(1) { (out) throws(WireError) in
              try value(element.bytes, depth: depth + 1, matcher, &out)
            }
          }
        }
      case 6 << 3 | 2:
        var members = RepeatedField<EncodedMessage>(try cursor.bytes(), field: 1)
        try out.appendField(6) { (out) throws(WireError) in
          while let member = try members.next() {
            try out.appendField(1) { (out) throws(WireError) in
              try self.member(member.bytes, depth: depth + 1, matcher, &out)
            }
          }
        }
      default:
        try cursor.skip(tag)
        out.append(ByteView(start: start, end: cursor.position))
      }
      start = cursor.position
    }
  }

  /// Appends a KeyValue with what matches hidden in its value.
  private func member(
    _ message: ByteView, depth: Int, _ matcher: ValueMatcher, _ out: inout ByteBuffer
  ) throws(WireError) {
    let attribute = try KeyValueView(message)
    out.appendField(1, bytes: attribute.key)
    guard attribute.hasValue else { return }
    try out.appendField(2) { (out) throws(WireError) in
      try value(attribute.valueBytes, depth: depth, matcher, &out)
    }
  }

  /// Appends a text as a field, with what matches hidden in it.
  private func text(_ content: ByteView, _ field: Int, _ matcher: ValueMatcher?, _ out: inout ByteBuffer) {
    let ranges = matcher?.matches(in: content) ?? []
    if ranges.isEmpty { return out.appendField(field, bytes: content) }
    out.appendField(field) { out in
      var end = 0
      for range in ranges {
        out.append(content[end..<range.lowerBound])
        out.append(replacement(content[range]))
        end = range.upperBound
      }
      out.append(content.dropFirst(end))
    }
  }

  private func replace(_ content: ByteView, _ field: Int, _ out: inout ByteBuffer) {
    out.appendField(field) { $0.append(replacement(content)) }
  }

  /// What stands in place of `content`.
  private func replacement(_ content: ByteView) -> [UInt8] {
    hidden.add(1)
    guard let hash = redaction.hash else { return Redactor.marker }
    return Array("hmac:\(hash.hash([UInt8](content)).withByteView { Hex.encode($0) }.prefix(Redactor.digits))".utf8)
  }
}

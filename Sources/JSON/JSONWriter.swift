/// Writes JSON, appending to an array of bytes.
///
/// The caller says what comes next; commas, colons and indentation are the writer's. It does not check that containers
/// are closed in order.
public struct JSONWriter {
  /// How the text looks.
  public enum Style: Sendable {
    /// No space at all.
    case compact
    /// One member or element a line, two spaces a level.
    case pretty
  }

  /// What has been written, after what was there before.
  public private(set) var bytes: [UInt8]
  private let style: Style
  private var depth = 0
  private var needsComma = false
  private var afterKey = false

  /// Goes on behind `bytes`.
  public init(style: Style = .compact, appendingTo bytes: [UInt8] = []) {
    self.bytes = bytes
    self.style = style
  }

  /// Opens an object: keys and values follow.
  public mutating func beginObject() { begin(UInt8(ascii: "{")) }
  /// Closes the object opened last.
  public mutating func endObject() { end(UInt8(ascii: "}")) }
  /// Opens an array: values follow.
  public mutating func beginArray() { begin(UInt8(ascii: "[")) }
  /// Closes the array opened last.
  public mutating func endArray() { end(UInt8(ascii: "]")) }

  /// A member's key. Exactly one value must follow.
  public mutating func key(_ name: String) {
    separate()
    JSONWriter.appendQuoted(name, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    if style == .pretty { bytes.append(0x20) }
    afterKey = true
  }

  /// A string, escaped.
  public mutating func string(_ value: String) {
    separate()
    JSONWriter.appendQuoted(value, to: &bytes)
    needsComma = true
  }

  /// A string of raw bytes; what is not UTF-8 becomes U+FFFD.
  public mutating func string(utf8 value: some Collection<UInt8>) {
    string(String(decoding: value, as: UTF8.self))
  }

  /// A whole number.
  public mutating func int(_ value: some BinaryInteger) { raw(String(value)) }

  /// `true` or `false`.
  public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

  /// `null`.
  public mutating func null() { raw("null") }

  /// The shortest text that reads back as `value`, without a fraction when it is whole. What JSON has no number for
  /// becomes "NaN", "Infinity" or "-Infinity", as the protobuf JSON mapping writes it.
  public mutating func double(_ value: Double) {
    if value.isFinite {
      let text = value.description
      raw(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    } else {
      string(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity")
    }
  }

  /// Text that is a JSON value already, a number with all its digits for example.
  public mutating func raw(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
    needsComma = true
  }

  /// A tree. Numbers keep the text they have.
  public mutating func value(_ value: JSONValue) {
    switch value.content {
    case .object(let members):
      beginObject()
      for member in members {
        key(member.key)
        self.value(member.value)
      }
      endObject()
    case .array(let elements):
      beginArray()
      for element in elements { self.value(element) }
      endArray()
    case .string(let text): string(text)
    case .number(let text): raw(text)
    case .bool(let flag): bool(flag)
    case .null: null()
    }
  }

  /// A line feed after a whole document, so that another may follow.
  public mutating func newline() {
    bytes.append(UInt8(ascii: "\n"))
    needsComma = false
  }

  private mutating func begin(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    depth += 1
    needsComma = false
  }

  private mutating func end(_ bracket: UInt8) {
    depth -= 1
    if needsComma { breakLine() }
    bytes.append(bracket)
    needsComma = true
  }

  /// What stands between the value before and the one that follows.
  private mutating func separate() {
    if afterKey {
      afterKey = false
      return
    }
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    if depth > 0 { breakLine() }
  }

  private mutating func breakLine() {
    guard style == .pretty else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(0x20, count: 2 * max(depth, 0)))
  }

  /// Appends `text` in quotes. Escaped are quotes, backslashes and control characters, nothing else.
  public static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
    var text = text
    bytes.append(UInt8(ascii: "\""))
    text.withUTF8 { units in
      var copied = 0
      for index in units.indices {
        let unit = units[index]
        guard unit < 0x20 || unit == UInt8(ascii: "\"") || unit == UInt8(ascii: "\\") || unit == 0x7F else { continue }
        bytes.append(contentsOf: units[copied..<index])
        appendEscape(unit, to: &bytes)
        copied = index + 1
      }
      bytes.append(contentsOf: units[copied...])
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func appendEscape(_ unit: UInt8, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\\"))
    switch unit {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(unit)
    case 0x08: bytes.append(UInt8(ascii: "b"))
    case 0x0C: bytes.append(UInt8(ascii: "f"))
    case 0x0A: bytes.append(UInt8(ascii: "n"))
    case 0x0D: bytes.append(UInt8(ascii: "r"))
    case 0x09: bytes.append(UInt8(ascii: "t"))
    default:
      let digits: StaticString = "0123456789abcdef"
      bytes.append(contentsOf: [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")])
      digits.withUTF8Buffer { bytes.append(contentsOf: [$0[Int(unit >> 4)], $0[Int(unit & 15)]]) }
    }
  }
}

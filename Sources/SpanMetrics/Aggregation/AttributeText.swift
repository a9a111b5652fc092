import OTLP
import Platform

/// Attribute values as label values, in the same words as Tempo: numbers in decimal without an exponent, arrays and maps
/// as their members one after the other in brackets, bytes as nothing.
enum AttributeText {
  /// Appends the text of `value`. What would be cut off a label value anyway is not written.
  static func append(_ value: AnyValueView, to text: inout ByteBuffer, depth: Int) throws(WireError) {
    if depth > AnyValueView.maximumDepth { throw .tooDeep }
    if text.count > Interner.maxValueBytes { return }
    switch value {
    case .empty, .bytes: break
    case .string(let string): text.append(string.prefix(Interner.maxValueBytes + 1))
    case .bool(let flag): text.append(flag ? "true" : "false")
    case .int(let number): text.append(String(number))
    case .double(let number): text.append(FloatText.fixed(number))
    case .array(let elements):
      text.append(UInt8(ascii: "["))
      try elements.forEach { (element) throws(WireError) in try append(element, to: &text, depth: depth + 1) }
      text.append(UInt8(ascii: "]"))
    case .kvlist(let members):
      text.append(UInt8(ascii: "{"))
      try members.forEach { (member) throws(WireError) in
        text.append(member.key.prefix(Interner.maxValueBytes + 1))
        text.append(UInt8(ascii: ":"))
        try append(member.value, to: &text, depth: depth + 1)
      }
      text.append(UInt8(ascii: "}"))
    }
  }
}

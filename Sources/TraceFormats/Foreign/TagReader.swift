import JSON
import OTLP
import Platform

/// An attribute as Jaeger and Go write it: a key, a type and a value, in any order, as tokens of the text.
struct Tag {
  var key: JSONToken?
  var type = ByteView.empty
  var value: JSONToken?
  /// The value's text where it is no scalar.
  var container = ByteView.empty

  static func read(_ json: inout TokenReader) throws(TranscodeError) -> Tag {
    var tag = Tag()
    try json.restOfMembers { (json, name) throws(TranscodeError) in
      if name.equals("key") {
        tag.key = try json.string()
      } else if name.equals("type") || name.equals("vType") {
        if let token = try json.string() { tag.type = json.tokens.bytes(of: token) }
      } else if name.equals("value") || name.count > 2 && name[0] == UInt8(ascii: "v") && name[1] & 0x20 == 0 {
        // `vStr`, `vInt64` and so on are the protobuf names.
        let (token, text) = try json.raw()
        tag.value = token
        if token.kind == .objectStart || token.kind == .arrayStart { tag.container = text }
      } else {
        try json.skip()
      }
    }
    return tag
  }

  /// Whether the value is `true`, as a boolean or as a word.
  func isTrue(_ json: TokenReader) -> Bool {
    guard let value else { return false }
    return value.kind == .true || value.kind == .string && json.tokens.bytes(of: value).equals("true")
  }

  func isFalse(_ json: TokenReader) -> Bool {
    guard let value else { return false }
    return value.kind == .false || value.kind == .string && json.tokens.bytes(of: value).equals("false")
  }

  /// Appends the content of an AnyValue. A value that is not of the type beside it stays what it looks like.
  func append(_ json: TokenReader, to out: inout ByteBuffer) {
    guard let value else { return }
    let text = json.tokens.bytes(of: value)
    switch value.kind {
    case .true: out.appendField(2, varint: 1)
    case .false: out.appendField(2, varint: 0)
    case .number:
      if !type.equalsLowercased("float64"), let number = JSONNumber.int64(text) {
        out.appendField(3, varint: UInt64(bitPattern: number))
      } else {
        out.appendField(4, double: JSONNumber.double(text) ?? 0)
      }
    case .string:
      // 64-bit integers may be strings, and Elasticsearch holds every value as one.
      if type.equalsLowercased("int64"), let number = JSONNumber.int64(text) {
        out.appendField(3, varint: UInt64(bitPattern: number))
      } else if type.equalsLowercased("float64"), let number = JSONNumber.double(text) {
        out.appendField(4, double: number)
      } else if type.equalsLowercased("bool"), text.equals("true") || text.equals("false") {
        out.appendField(2, varint: text.equals("true") ? 1 : 0)
      } else if type.equalsLowercased("binary"),
        let bytes = Array(json.text(of: value).utf8).withByteView({ Base64.decode($0) })
      {
        bytes.withByteView { out.appendField(7, bytes: $0) }
      } else {
        json.append(1, value, to: &out)
      }
    case .objectStart, .arrayStart: out.appendField(1, bytes: container)
    default: break
    }
  }
}

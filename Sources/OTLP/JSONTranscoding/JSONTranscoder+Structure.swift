import JSON
import Platform

/// Walking objects and arrays.
extension JSONTranscoder {
  @inline(__always)
  mutating func take() throws(TranscodeError) -> JSONToken {
    do throws(JSONError) { return try tokens.next() } catch { throw TranscodeError(error) }
  }

  /// Passes over the value that comes next.
  mutating func skip() throws(TranscodeError) {
    do throws(JSONError) { try tokens.skipValue() } catch { throw TranscodeError(error) }
  }

  /// The next key of the object that is open; `nil` when it closes. An escaped key matches nothing and is skipped as
  /// unknown.
  @inline(__always)
  mutating func nextKey() throws(TranscodeError) -> ByteView? {
    let token = try take()
    return token.kind == .key ? tokens.bytes(of: token) : nil
  }

  /// Accepts `null`, which stands for an absent value, and refuses anything else.
  func absent(_ token: JSONToken, _ expected: String) throws(TranscodeError) {
    if token.kind != .null { throw TranscodeError("expected \(expected)", at: token.start) }
  }

  /// Opens the object that comes next; `false` for `null`.
  mutating func beginObject() throws(TranscodeError) -> Bool {
    let token = try take()
    if token.kind == .objectStart { return true }
    try absent(token, "an object")
    return false
  }

  /// One object as the message field `field`, its members written by `body`.
  @inline(__always)
  mutating func message(
    _ field: Int, reserving width: Int, into out: inout ByteBuffer,
    _ body: (inout JSONTranscoder, inout ByteBuffer) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    guard try beginObject() else { return }
    out.appendTag(field, .lengthDelimited)
    let mark = out.beginLengthDelimited(reserving: width)
    try body(&self, &out)
    out.endLengthDelimited(mark, reserved: width)
  }

  /// An array of objects as the repeated message field `field`. A `null` element is an empty message, so that positions
  /// stay what they are.
  @inline(__always)
  mutating func messages(
    _ field: Int, reserving width: Int, into out: inout ByteBuffer,
    _ body: (inout JSONTranscoder, inout ByteBuffer) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    let start = try take()
    guard start.kind == .arrayStart else { return try absent(start, "an array") }
    while true {
      let token = try take()
      if token.kind == .arrayEnd { return }
      try element(token, field, reserving: width, into: &out, body)
    }
  }

  /// The element of a repeated message field that begins with `token`.
  @inline(__always)
  mutating func element(
    _ token: JSONToken, _ field: Int, reserving width: Int, into out: inout ByteBuffer,
    _ body: (inout JSONTranscoder, inout ByteBuffer) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    out.appendTag(field, .lengthDelimited)
    let mark = out.beginLengthDelimited(reserving: width)
    if token.kind == .objectStart {
      try body(&self, &out)
    } else {
      try absent(token, "an object")
    }
    out.endLengthDelimited(mark, reserved: width)
  }
}

/// The protobuf names of an enum's values.
protocol EnumNames: SendableMetatype {
  /// What the enum is, for errors.
  static var what: String { get }
  static func value(of name: ByteView) -> Int32?
}

enum SpanKindNames: EnumNames {
  static var what: String { "span kind" }

  static func value(of name: ByteView) -> Int32? {
    SpanKind.allCases.first { name.equals($0.protobufName) }?.rawValue
  }
}

enum StatusCodeNames: EnumNames {
  static var what: String { "status code" }

  static func value(of name: ByteView) -> Int32? {
    StatusCode.allCases.first { name.equals($0.protobufName) }?.rawValue
  }
}

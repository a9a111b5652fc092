import JSON
import OTLP
import Platform

/// Walks JSON of foreign formats: what has another type than expected is noted and passed over, what is no JSON is thrown.
struct TokenReader {
  var tokens: JSONTokenizer
  /// The first value that was not what its key promises, since this was last taken.
  var oddity: TranscodeError?

  init(_ tokens: JSONTokenizer) { self.tokens = tokens }

  @inline(__always)
  mutating func take() throws(TranscodeError) -> JSONToken {
    do throws(JSONError) { return try tokens.next() } catch { throw TranscodeError(error) }
  }

  /// Passes over the value that comes next.
  mutating func skip() throws(TranscodeError) {
    do throws(JSONError) { try tokens.skipValue() } catch { throw TranscodeError(error) }
  }

  /// Passes over what is left of the value that began with `token`.
  mutating func skipRest(of token: JSONToken) throws(TranscodeError) {
    do throws(JSONError) { try tokens.skipRest(of: token) } catch { throw TranscodeError(error) }
  }

  /// The raw text of the value that comes next, which is passed over.
  mutating func raw() throws(TranscodeError) -> (token: JSONToken, text: ByteView) {
    let token = try take()
    try skipRest(of: token)
    guard token.kind == .objectStart || token.kind == .arrayStart else { return (token, tokens.bytes(of: token)) }
    let start = tokens.bytes(of: token).start
    return (token, ByteView(start: start, count: tokens.position - token.start))
  }

  /// The next key of the object that is open; `nil` when it closes.
  @inline(__always)
  mutating func nextKey() throws(TranscodeError) -> ByteView? {
    let token = try take()
    return token.kind == .key ? tokens.bytes(of: token) : nil
  }

  /// Notes that the value which began with `token` is not `expected`, and passes over it; `null` is only absent.
  mutating func odd(_ token: JSONToken, _ expected: @autoclosure () -> String) throws(TranscodeError) {
    if token.kind != .null, oddity == nil { oddity = TranscodeError("expected \(expected())", at: token.start) }
    try skipRest(of: token)
  }

  /// Opens the object that comes next; `false` for anything else, which is passed over.
  mutating func beginObject() throws(TranscodeError) -> Bool {
    let token = try take()
    if token.kind == .objectStart { return true }
    try odd(token, "an object")
    return false
  }

  /// Opens the array that comes next; `false` for anything else, which is passed over.
  mutating func beginArray() throws(TranscodeError) -> Bool {
    let token = try take()
    if token.kind == .arrayStart { return true }
    try odd(token, "an array")
    return false
  }

  /// Calls `body` with the first token of each element of the array that comes next.
  @inline(__always)
  mutating func elements(
    _ body: (inout TokenReader, JSONToken) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    guard try beginArray() else { return }
    while case let token = try take(), token.kind != .arrayEnd { try body(&self, token) }
  }

  /// Calls `body` with each key of the object that comes next; it reads the value.
  @inline(__always)
  mutating func members(
    _ body: (inout TokenReader, ByteView) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    guard try beginObject() else { return }
    try restOfMembers(body)
  }

  /// The same for an object that is open.
  @inline(__always)
  mutating func restOfMembers(
    _ body: (inout TokenReader, ByteView) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    while let key = try nextKey() { try body(&self, key) }
  }

  /// The same for each object in the array that comes next.
  mutating func objects(
    _ body: (inout TokenReader) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    try elements { (json, token) throws(TranscodeError) in
      guard token.kind == .objectStart else { return try json.odd(token, "an object") }
      try body(&json)
    }
  }

  /// A string's token; `nil` for anything else, which is passed over.
  @inline(__always)
  mutating func string() throws(TranscodeError) -> JSONToken? {
    let token = try take()
    if token.kind == .string { return token }
    try odd(token, "a string")
    return nil
  }

  /// The text of the string that comes next, escapes resolved; empty for anything else.
  mutating func text() throws(TranscodeError) -> String {
    guard let token = try string() else { return "" }
    return text(of: token)
  }

  func text(of token: JSONToken) -> String {
    token.hasEscapes ? JSONUnescape.string(tokens.bytes(of: token)) : String(tokens.bytes(of: token))
  }

  /// Appends a string's value as the field `field`.
  @inline(__always)
  func append(_ field: Int, _ token: JSONToken, to out: inout ByteBuffer) {
    let raw = tokens.bytes(of: token)
    guard token.hasEscapes else { return out.appendField(field, bytes: raw) }
    out.appendTag(field, .lengthDelimited)
    let mark = out.beginLengthDelimited(reserving: varintSize(UInt64(raw.count)))
    out.append(upTo: raw.count) { JSONUnescape.unescape(raw, into: $0) }
    out.endLengthDelimited(mark, reserved: varintSize(UInt64(raw.count)))
  }

  /// The string that comes next as the field `field`; nothing when it is empty or something else.
  @inline(__always)
  mutating func string(_ field: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    if let token = try string(), token.count > 0 { append(field, token, to: &out) }
  }

  /// A number, also one in a string; `nil` for anything else.
  mutating func number() throws(TranscodeError) -> JSONToken? {
    let token = try take()
    if token.kind == .number || token.kind == .string && token.count > 0 { return token }
    try odd(token, "a number")
    return nil
  }

  /// Microseconds as nanoseconds, held within their range.
  mutating func microseconds() throws(TranscodeError) -> UInt64? {
    guard let token = try number() else { return nil }
    if let time = Microseconds.nanoseconds(tokens.bytes(of: token)) { return time }
    try odd(token, "a number of microseconds")
    return nil
  }

  /// A whole number that is not negative.
  mutating func count() throws(TranscodeError) -> UInt64? {
    guard let token = try number() else { return nil }
    if let value = JSONNumber.uint64(tokens.bytes(of: token)) { return value }
    try odd(token, "a whole number")
    return nil
  }

  /// A trace id; `nil` for an empty one, for zeros, and for what is none, which is noted.
  mutating func traceID() throws(TranscodeError) -> (high: UInt64, low: UInt64)? {
    guard let token = try string() else { return nil }
    if let id = HexID.trace(tokens.bytes(of: token)) { return id }
    noteID(token)
    return nil
  }

  /// A span id likewise.
  mutating func spanID() throws(TranscodeError) -> UInt64? {
    guard let token = try string() else { return nil }
    if let id = HexID.span(tokens.bytes(of: token)) { return id }
    noteID(token)
    return nil
  }

  private mutating func noteID(_ token: JSONToken) {
    let text = tokens.bytes(of: token)
    guard oddity == nil, (0..<text.count).contains(where: { text[$0] != UInt8(ascii: "0") }) else { return }
    oddity = TranscodeError("\"\(String(text.prefix(40)))\" is no id in hexadecimal digits", at: token.start)
  }
}

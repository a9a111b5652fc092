import JSON
import OTLP
import Platform

/// Walks JSON of foreign formats: what has another type than expected is noted and passed over, what is no JSON is thrown.
struct TokenReader {
  var tokens: JSONTokenizer
  /// The first value that was not what its key promises, since this was last taken.
  var oddity: TranscodeError?
  /// Where the text begins in the input, in bytes, for what messages say.
  var origin = 0
  /// Ids that are no hexadecimal digits and were made from their text.
  var madeIDs = MadeIDs()

  init(_ tokens: JSONTokenizer) { self.tokens = tokens }

  /// What was odd since this was last taken, as a complaint about `what`, which begins at `start`.
  mutating func takeOddity(_ format: String, in what: String, at start: Int) -> TranscodeError? {
    guard let oddity else { return nil }
    self.oddity = nil
    return TranscodeError(
      "\(format), but in the \(what) at byte \(origin + start): \(oddity.message)", at: oddity.offset)
  }

  /// A complaint about a `part` of the text, such as a process, that was read by itself.
  func complaint(_ format: String, _ part: String, _ oddity: TranscodeError) -> TranscodeError {
    TranscodeError(
      "\(format), but in the \(part) at byte \(origin + oddity.offset): \(oddity.message)", at: oddity.offset)
  }

  /// What to say of something that begins at `start` and lacks `missing`.
  func lack(_ format: String, _ what: String, at start: Int, of missing: String) -> TranscodeError {
    TranscodeError("\(format), but the \(what) at byte \(origin + start) has no \(missing)", at: start)
  }

  @inline(__always)
  mutating func take() throws(TranscodeError) -> JSONToken {
    do throws(JSONError) { return try tokens.next() } catch { throw TranscodeError(error) }
  }

  /// Passes over the value that comes next.
  mutating func skip() throws(TranscodeError) {
    do throws(JSONError) { try tokens.skipValue() } catch { throw TranscodeError(error) }
  }

  /// Passes over the value of a member that is not known: a list with something in it is noted, since it may be what is
  /// looked for.
  mutating func skip(unknown key: ByteView) throws(TranscodeError) {
    let token = try take()
    try skipRest(of: token)
    guard token.kind == .arrayStart, tokens.position - token.start > 2, oddity == nil else { return }
    oddity = TranscodeError("\"\(String(key.prefix(60)))\" is not known", at: token.start)
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

  /// The text of the object or array that comes next, and where it begins; nil for anything else, which is noted.
  mutating func raw(
    _ kind: JSONToken.Kind, _ expected: @autoclosure () -> String
  ) throws(TranscodeError) -> (text: ByteView, start: Int)? {
    let token = try take()
    guard token.kind == kind else {
      try odd(token, expected())
      return nil
    }
    try skipRest(of: token)
    return (
      ByteView(start: tokens.bytes(of: token).start, count: tokens.position - token.start), token.start
    )
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
  ///
  /// - Parameter takesAny: whether any other text is an id too, made from it.
  mutating func traceID(takesAny: Bool = false) throws(TranscodeError) -> (high: UInt64, low: UInt64)? {
    guard let token = try string() else { return nil }
    if let id = HexID.trace(tokens.bytes(of: token)) { return id }
    return noteID(token, takesAny).map { $0.withByteView { HexID.madeTrace($0) } }
  }

  /// A span id likewise.
  mutating func spanID(takesAny: Bool = false) throws(TranscodeError) -> UInt64? {
    guard let token = try string() else { return nil }
    if let id = HexID.span(tokens.bytes(of: token)) { return id }
    return noteID(token, takesAny).map { $0.withByteView { HexID.madeSpan($0) } }
  }

  /// The text that an id is made from; nil, and a note, where it has to be one already.
  private mutating func noteID(_ token: JSONToken, _ takesAny: Bool) -> [UInt8]? {
    let text = tokens.bytes(of: token)
    guard (0..<text.count).contains(where: { text[$0] != UInt8(ascii: "0") }) else { return nil }
    if takesAny {
      madeIDs.count += 1
      if madeIDs.first == nil { madeIDs.first = (String(text.prefix(40)), token.start) }
      return token.hasEscapes ? Array(self.text(of: token).utf8) : [UInt8](text)
    }
    if oddity == nil {
      oddity = TranscodeError("\"\(String(text.prefix(40)))\" is no id in hexadecimal digits", at: token.start)
    }
    return nil
  }
}

extension TranscodeError {
  /// The same error in a text of which the one it was found in begins at `offset`.
  func moved(by offset: Int) -> TranscodeError { TranscodeError(message, at: self.offset + offset) }
}

import Platform

/// Reads JSON (RFC 8259) in place, one token at a time, without allocating.
///
/// The tokenizer does not own the bytes: they must stay where they are while it is used. A token is a kind and two
/// byte offsets; strings stay escaped in the buffer until `unescape` is asked for. Everything the grammar demands is
/// checked, UTF-8 included, so bytes of a token can be trusted as far as the text was read.
///
/// A byte order mark at the very start is skipped.
@frozen
public struct JSONTokenizer {
  /// What may come next.
  @usableFromInline
  @frozen
  enum State: UInt8 {
    case documentStart, documentEnd, value, firstKey, firstElement, afterValue
  }

  /// Levels that the bit stack can hold.
  public static let maximumDepth = 512

  @usableFromInline let base: UnsafeRawPointer
  @usableFromInline let count: Int
  @usableFromInline let depthLimit: Int
  @usableFromInline let manyDocuments: Bool
  @usableFromInline var state = State.documentStart
  /// Whether the innermost container is an object.
  @usableFromInline var inObject = false
  /// One bit for each enclosing container: 1 is an object.
  @usableFromInline var containers = InlineArray<8, UInt64>(repeating: 0)

  @usableFromInline var at = 0
  @usableFromInline var level = 0

  /// Byte offset of what will be read next.
  @inlinable public var position: Int { at }

  /// Containers that are open.
  @inlinable public var depth: Int { level }

  /// Whether the outermost open container is an array.
  public var isOutermostArray: Bool { level > 0 && containers[0] & 1 == 0 }

  /// - Parameters:
  ///   - text: The whole text.
  ///   - depthLimit: Containers that may be open at once, at most `maximumDepth`.
  ///   - manyDocuments: Whether more values may follow the first, with or without space between them (JSON lines,
  ///     concatenated documents). An empty text then holds no value; otherwise it is an error.
  @inlinable
  public init(
    _ text: ByteView, depthLimit: Int = JSONTokenizer.maximumDepth, manyDocuments: Bool = false
  ) {
    self.base = text.start
    self.count = text.count
    self.depthLimit = min(depthLimit, JSONTokenizer.maximumDepth)
    self.manyDocuments = manyDocuments
    if count >= 3, byte(0) == 0xEF, byte(1) == 0xBB, byte(2) == 0xBF { at = 3 }
  }

  /// The bytes between a token's `start` and `end`: of a string, what stands between the quotes.
  @inlinable
  @inline(__always)
  public func bytes(of token: JSONToken) -> ByteView {
    ByteView(start: base + token.start, count: token.end &- token.start)
  }

  /// The next token; `.end` when the text is used up.
  @inlinable
  public mutating func next() throws(JSONError) -> JSONToken {
    var first = skipSpace()
    switch state {
    case .value:
      break
    case .afterValue:
      if first == UInt8(ascii: ",") {
        at &+= 1
        first = skipSpace()
        if inObject { return try key(first, orElse: .trailingComma) }
        if first == UInt8(ascii: "]") { throw JSONError(.trailingComma, at: at) }
      } else if first == (inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
        return close()
      } else {
        throw unexpected(inObject ? .expectedCommaOrBrace : .expectedCommaOrBracket)
      }
    case .firstKey:
      if first == UInt8(ascii: "}") { return close() }
      return try key(first, orElse: .expectedKey)
    case .firstElement:
      if first == UInt8(ascii: "]") { return close() }
    case .documentStart:
      if at == count, manyDocuments { return JSONToken(.end, at, at) }
    case .documentEnd:
      if at == count { return JSONToken(.end, at, at) }
      if !manyDocuments { throw JSONError(.trailingData, at: at) }
    }
    return try value(first)
  }

  /// Skips one whole value (or, before a key, nothing but what `next()` would return), checking it as usual.
  ///
  /// Call it where a value is expected: after a key, or inside an array where an element is known to follow.
  @inlinable
  public mutating func skipValue() throws(JSONError) {
    try skipRest(of: next())
  }

  /// Skips what is left of the value that began with `token`: up to the matching end for a container, else nothing.
  @inlinable
  public mutating func skipRest(of token: JSONToken) throws(JSONError) {
    guard token.kind == .objectStart || token.kind == .arrayStart else { return }
    let outside = level &- 1
    while level > outside { _ = try next() }
  }

  /// Gives up on the current document and goes on behind the next line feed, as a new document.
  ///
  /// For JSON lines of which some are broken.
  public mutating func skipLine() {
    while at < count {
      let skipped = byte(at)
      at &+= 1
      if skipped == UInt8(ascii: "\n") { break }
    }
    level = 0
    state = .documentStart
  }

  /// Stands at `offset`, as at the start of a document; for giving up on what stands before it.
  public mutating func skip(to offset: Int) {
    at = min(max(at, offset), count)
    level = 0
    state = .documentStart
  }

  // MARK: Grammar

  @inlinable
  @inline(__always)
  mutating func key(_ first: UInt8, orElse reason: JSONError.Reason) throws(JSONError) -> JSONToken {
    guard first == UInt8(ascii: "\"") else { throw unexpected(first == UInt8(ascii: "}") ? reason : .expectedKey) }
    let token = try string(.key)
    guard skipSpace() == UInt8(ascii: ":") else { throw unexpected(.expectedColon) }
    at &+= 1
    state = .value
    return token
  }

  @inlinable
  @inline(__always)
  mutating func value(_ first: UInt8) throws(JSONError) -> JSONToken {
    switch first {
    case UInt8(ascii: "\""):
      endValue()
      return try string(.string)
    case UInt8(ascii: "{"):
      return try open(.objectStart)
    case UInt8(ascii: "["):
      return try open(.arrayStart)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      endValue()
      return try number()
    default:
      endValue()
      return try literal(first)
    }
  }

  @inlinable
  @inline(__always)
  mutating func endValue() {
    state = level == 0 ? .documentEnd : .afterValue
  }

  @inlinable
  @inline(__always)
  mutating func open(_ kind: JSONToken.Kind) throws(JSONError) -> JSONToken {
    guard level < depthLimit else { throw JSONError(.tooDeep, at: at) }
    let isObject = kind == .objectStart
    let bit = UInt64(1) << UInt64(level & 63)
    // level < depthLimit <= 512, so the word exists.
    if isObject { containers[level >> 6] |= bit } else { containers[level >> 6] &= ~bit }
    level &+= 1
    inObject = isObject
    state = isObject ? .firstKey : .firstElement
    at &+= 1
    return JSONToken(kind, at &- 1, at)
  }

  @inlinable
  @inline(__always)
  mutating func close() -> JSONToken {
    let kind = inObject ? JSONToken.Kind.objectEnd : .arrayEnd
    level &-= 1
    if level > 0 {
      let above = level &- 1
      inObject = containers[above >> 6] & (UInt64(1) << UInt64(above & 63)) != 0
    }
    endValue()
    at &+= 1
    return JSONToken(kind, at &- 1, at)
  }

  /// The error for a byte that does not fit here, or for the end of the text.
  @inlinable
  func unexpected(_ reason: JSONError.Reason) -> JSONError {
    JSONError(at < count ? reason : .unexpectedEnd, at: at)
  }
}

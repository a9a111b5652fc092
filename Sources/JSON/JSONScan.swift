import Platform

// The scanners of the tokenizer: white space, strings, numbers, literals.
//
// Invariants: `at <= count` always holds; every load is behind a check against `count`; eight bytes are loaded
// at once only where `at + 8 <= count`.

extension JSONTokenizer {
  @inlinable
  @inline(__always)
  func byte(_ offset: Int) -> UInt8 {
    base.load(fromByteOffset: offset, as: UInt8.self)
  }

  @inlinable
  @inline(__always)
  func word(_ offset: Int) -> UInt64 {
    UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// Moves to the next byte that is not white space and returns it; 0 (never valid outside a string) at the end.
  @inlinable
  @inline(__always)
  mutating func skipSpace() -> UInt8 {
    guard at < count else { return 0 }
    let first = byte(at)
    return first > 0x20 ? first : skipSpaces()
  }

  @inlinable
  mutating func skipSpaces() -> UInt8 {
    while at < count {
      let space = byte(at)
      guard space == 0x20 || space == 0x0A || space == 0x0D || space == 0x09 else { return space }
      at &+= 1
      // Indentation comes in runs.
      while at &+ 8 <= count, word(at) == 0x2020_2020_2020_2020 { at &+= 8 }
    }
    return 0
  }

  /// The high bit of each of eight bytes that is a quote, a backslash, a control character or over 0x7F. A borrow can
  /// only flag bytes above a true hit, so the lowest flag is exact.
  @inlinable
  @inline(__always)
  static func specialBytes(_ bytes: UInt64) -> UInt64 {
    let quote = bytes ^ 0x2222_2222_2222_2222
    let backslash = bytes ^ 0x5C5C_5C5C_5C5C_5C5C
    let ones: UInt64 = 0x0101_0101_0101_0101
    return
      (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
      | ((bytes &- 0x2020_2020_2020_2020) & ~bytes) | bytes) & 0x8080_8080_8080_8080
  }

  /// Reads a string; `at` is at its opening quote.
  @inlinable
  @inline(__always)
  mutating func string(_ kind: JSONToken.Kind) throws(JSONError) -> JSONToken {
    let start = at &+ 1
    var index = start
    while index &+ 8 <= count {
      let found = JSONTokenizer.special(word(index))
      if found != 0 {
        index &+= found.trailingZeroBitCount >> 3
        guard byte(index) == UInt8(ascii: "\"") else { break }
        at = index &+ 1
        return JSONToken(kind, start, index)
      }
      index &+= 8
    }
    return try stringWithSpecials(kind, start, index)
  }

  /// Goes on with a string that began at `start` and is plain up to `index`.
  @inlinable
  @inline(never)
  mutating func stringWithSpecials(_ kind: JSONToken.Kind, _ start: Int, _ from: Int) throws(JSONError) -> JSONToken {
    var index = from
    var escapes = false
    while true {
      while index &+ 8 <= count {
        let found = JSONTokenizer.special(word(index))
        if found != 0 {
          index &+= found.trailingZeroBitCount >> 3
          break
        }
        index &+= 8
      }
      guard index < count else { throw JSONError(.unterminatedString, at: start &- 1) }
      let found = byte(index)
      if found == UInt8(ascii: "\"") {
        at = index &+ 1
        return JSONToken(kind, start, index, flag: escapes)
      } else if found == UInt8(ascii: "\\") {
        escapes = true
        index = try escape(index)
      } else if found < 0x20 {
        throw JSONError(.controlCharacter, at: index)
      } else if found >= 0x80 {
        let length = utf8Length(index)
        guard length > 0 else { throw JSONError(.invalidUTF8, at: index) }
        index &+= length
      } else {
        index &+= 1
      }
    }
  }

  /// Flags the bytes that end plain text: quotes, backslashes, control characters and bytes over 0x7F. The lowest flag is
  /// exact; above it a borrow may have set more.
  @inlinable
  @inline(__always)
  static func special(_ bytes: UInt64) -> UInt64 {
    let quote = bytes ^ 0x2222_2222_2222_2222
    let backslash = bytes ^ 0x5C5C_5C5C_5C5C_5C5C
    let ones: UInt64 = 0x0101_0101_0101_0101
    let found =
      ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((bytes &- 0x2020_2020_2020_2020) & ~bytes)
      | bytes
    return found & 0x8080_8080_8080_8080
  }

  /// Checks the escape at `index` and returns the offset behind it.
  @inlinable
  func escape(_ index: Int) throws(JSONError) -> Int {
    guard index &+ 1 < count else { throw JSONError(.invalidEscape, at: index) }
    switch byte(index &+ 1) {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return index &+ 2
    case UInt8(ascii: "u"):
      guard index &+ 6 <= count else { throw JSONError(.invalidUnicodeEscape, at: index) }
      for offset in (index &+ 2)..<(index &+ 6) where !JSONTokenizer.isHexDigit(byte(offset)) {
        throw JSONError(.invalidUnicodeEscape, at: index)
      }
      return index &+ 6
    default:
      throw JSONError(.invalidEscape, at: index)
    }
  }

  @inlinable
  static func isHexDigit(_ byte: UInt8) -> Bool {
    (byte &- 0x30) < 10 || ((byte | 0x20) &- 0x61) < 6
  }

  /// Length of the well-formed UTF-8 sequence at `index` (Unicode 15, table 3-7), 0 when there is none.
  @inlinable
  func utf8Length(_ index: Int) -> Int {
    ByteView(start: base, count: count).utf8SequenceLength(at: index)
  }

  /// Reads a number; `at` is at its first byte, a digit or '-'.
  @inlinable
  mutating func number() throws(JSONError) -> JSONToken {
    let start = at
    var index = start
    if byte(index) == UInt8(ascii: "-") { index &+= 1 }
    let integer = index
    index = skipDigits(index)
    guard index > integer else { throw JSONError(index < count ? .invalidNumber : .unexpectedEnd, at: index) }
    if index &- integer > 1, byte(integer) == UInt8(ascii: "0") { throw JSONError(.leadingZero, at: integer) }
    var hasFraction = false
    if index < count, byte(index) == UInt8(ascii: ".") {
      hasFraction = true
      let digits = index &+ 1
      index = skipDigits(digits)
      guard index > digits else { throw JSONError(index < count ? .invalidNumber : .unexpectedEnd, at: index) }
    }
    if index < count, byte(index) | 0x20 == UInt8(ascii: "e") {
      hasFraction = true
      index &+= 1
      if index < count, byte(index) == UInt8(ascii: "+") || byte(index) == UInt8(ascii: "-") { index &+= 1 }
      let digits = index
      index = skipDigits(digits)
      guard index > digits else { throw JSONError(index < count ? .invalidNumber : .unexpectedEnd, at: index) }
    }
    if index < count, !JSONTokenizer.isDelimiter(byte(index)) { throw JSONError(.invalidNumber, at: index) }
    at = index
    return JSONToken(.number, start, index, flag: hasFraction)
  }

  @inlinable
  @inline(__always)
  func skipDigits(_ from: Int) -> Int {
    var index = from
    while index < count, (byte(index) &- 0x30) < 10 { index &+= 1 }
    return index
  }

  /// Whether a number or a literal may end before this byte. Letters, digits, signs and dots glued to it may not.
  @inlinable
  static func isDelimiter(_ byte: UInt8) -> Bool {
    !(((byte | 0x20) &- 0x61) < 26 || (byte &- 0x30) < 10 || byte == 0x2E || byte == 0x2B || byte == 0x2D
      || byte == 0x5F)
  }

  /// Reads `true`, `false` or `null`; anything else that starts with `first` is an error.
  @inlinable
  mutating func literal(_ first: UInt8) throws(JSONError) -> JSONToken {
    let start = at
    let kind: JSONToken.Kind
    let length: Int
    // "true", "null" and "alse" as little-endian words.
    switch first {
    case UInt8(ascii: "t"):
      guard is32(0x6575_7274, at: start) else { throw JSONError(.invalidLiteral, at: start) }
      (kind, length) = (.true, 4)
    case UInt8(ascii: "n"):
      guard is32(0x6C6C_756E, at: start) else { throw JSONError(.invalidLiteral, at: start) }
      (kind, length) = (.null, 4)
    case UInt8(ascii: "f"):
      guard is32(0x6573_6C61, at: start &+ 1) else { throw JSONError(.invalidLiteral, at: start) }
      (kind, length) = (.false, 5)
    default:
      throw unexpectedValue(first)
    }
    let end = start &+ length
    if end < count, !JSONTokenizer.isDelimiter(byte(end)) { throw JSONError(.invalidLiteral, at: start) }
    at = end
    return JSONToken(kind, start, end)
  }

  @inlinable
  @inline(__always)
  func is32(_ expected: UInt32, at offset: Int) -> Bool {
    offset &+ 4 <= count
      && UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) == expected
  }

  /// The error for something that cannot start a value.
  @usableFromInline
  func unexpectedValue(_ first: UInt8) -> JSONError {
    guard at < count else { return JSONError(.unexpectedEnd, at: at) }
    if first >= 0x80, utf8Length(at) == 0 { return JSONError(.invalidUTF8, at: at) }
    let isWord = ((first | 0x20) &- 0x61) < 26
    return JSONError(isWord ? .invalidLiteral : .expectedValue, at: at)
  }
}

/// Cuts a query into tokens, in one pass over its bytes.
///
/// The words of the language are those of Go's scanner, on which Tempo builds: `//` and `/* */`
/// comments, decimal numbers, strings in double quotes with escapes or in backquotes. An attribute
/// name runs to the first blank or one of `{ } ( ) = ~ ! < > & | ^ ,` and may hold quoted parts.
struct Lexer {
  private let query: String
  private let bytes: [UInt8]
  private var position = 0

  init(_ query: String) {
    self.query = query
    bytes = Array(query.utf8)
  }

  /// All tokens, the last being `.end`.
  static func tokens(of query: String) throws(QueryError) -> [Token] {
    var lexer = Lexer(query)
    var tokens: [Token] = []
    while true {
      let token = try lexer.next()
      tokens.append(token)
      if token.kind == .end { return tokens }
    }
  }

  private func byte(_ offset: Int = 0) -> UInt8? {
    position + offset < bytes.count ? bytes[position + offset] : nil
  }

  private func error(_ message: String, from start: Int, suggestion: String? = nil) -> QueryError {
    QueryError(message, in: query, at: SourceRange(start, max(position, start + 1)), suggestion: suggestion)
  }

  private mutating func next() throws(QueryError) -> Token {
    try skipBlanksAndComments()
    let start = position
    guard let first = byte() else { return Token(kind: .end, range: SourceRange(start, start)) }
    let kind: Token.Kind
    switch first {
    case UInt8(ascii: "\""): kind = .string(try quotedString())
    case UInt8(ascii: "`"): kind = .string(try rawString())
    case UInt8(ascii: "'"):
      position += 1
      while let next = byte(), next != UInt8(ascii: "'") { position += 1 }
      if byte() != nil { position += 1 }
      throw error("strings are written in double quotes or backquotes", from: start)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): kind = try number()
    case UInt8(ascii: "."):
      if let digit = byte(1), digit.isDigit {
        kind = try number()
      } else {
        position += 1
        kind = .attribute(.any, try attributeName(from: start))
      }
    case _ where first.startsWord: kind = try word()
    default: kind = try symbol()
    }
    return Token(kind: kind, range: SourceRange(start, position))
  }

  private mutating func skipBlanksAndComments() throws(QueryError) {
    while let next = byte() {
      if next.isBlank {
        position += 1
      } else if next == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "/") {
        while let next = byte(), next != UInt8(ascii: "\n") { position += 1 }
      } else if next == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
        let start = position
        position += 2
        while byte() != nil, !(byte() == UInt8(ascii: "*") && byte(1) == UInt8(ascii: "/")) { position += 1 }
        guard byte() != nil else { throw error("comment is not closed", from: start) }
        position += 2
      } else {
        return
      }
    }
  }

  private mutating func symbol() throws(QueryError) -> Token.Kind {
    for length in [3, 2, 1] where position + length <= bytes.count {
      let text = String(decoding: bytes[position..<position + length], as: UTF8.self)
      if let symbol = Token.Symbol.byText[text] {
        position += length
        return .symbol(symbol)
      }
    }
    let start = position
    let character = Character(firstOf: bytes[position...])
    position += character.utf8.count
    throw error(
      "unexpected \"\(character)\"", from: start, suggestion: character == "&" ? "&&" : nil)
  }

  /// A word, or a scope with what follows it.
  private mutating func word() throws(QueryError) -> Token.Kind {
    let start = position
    while let next = byte(), next.continuesWord { position += 1 }
    let word = String(decoding: bytes[start..<position], as: UTF8.self)
    if byte() == UInt8(ascii: ":"), Intrinsic.scoped[word] != nil {
      position += 1
      return .intrinsicScope(word)
    }
    guard byte() == UInt8(ascii: ".") else { return .word(word) }
    if word == "parent" {
      position += 1
      return .parentAttribute(try attributeName(from: start))
    }
    guard let scope = AttributeScope(rawValue: word), scope != .any else { return .word(word) }
    position += 1
    return .attribute(scope, try attributeName(from: start))
  }

  private mutating func attributeName(from start: Int) throws(QueryError) -> String {
    var name: [UInt8] = []
    let nameStart = position
    while let next = byte(), next.isAttributeByte {
      if next == UInt8(ascii: "\"") {
        position += 1
        while let inner = byte(), inner != UInt8(ascii: "\"") {
          position += 1
          guard inner == UInt8(ascii: "\\") else {
            name.append(inner)
            continue
          }
          guard let escaped = byte(), escaped == UInt8(ascii: "\\") || escaped == UInt8(ascii: "\"") else {
            throw error("only \\\\ and \\\" may be escaped in a quoted attribute name", from: position - 1)
          }
          name.append(escaped)
          position += 1
        }
        guard byte() != nil else { throw error("quoted attribute name is not closed", from: nameStart) }
        position += 1
      } else {
        // An ASCII look-alike of a blank ends the name too: U+0085 and U+00A0 are two bytes in UTF-8.
        if next == 0xC2, let second = byte(1), second == 0x85 || second == 0xA0 { break }
        name.append(next)
        position += 1
      }
    }
    guard position > nameStart else { throw error("attribute name expected", from: start) }
    return String(decoding: name, as: UTF8.self)
  }

  private mutating func number() throws(QueryError) -> Token.Kind {
    let start = position
    var isFloat = false
    while let next = byte(), next.isDigit { position += 1 }
    if byte() == UInt8(ascii: ".") {
      isFloat = true
      position += 1
      while let next = byte(), next.isDigit { position += 1 }
    }
    if byte() == UInt8(ascii: "e") || byte() == UInt8(ascii: "E") {
      let sign = byte(1) == UInt8(ascii: "+") || byte(1) == UInt8(ascii: "-") ? 2 : 1
      if let digit = byte(sign), digit.isDigit {
        isFloat = true
        position += sign
        while let next = byte(), next.isDigit { position += 1 }
      }
    }
    let end = position
    // A unit right after the number makes it a duration, of which more parts may follow: 1h30m.
    while let next = byte(), next.isDigit || next.isDurationLetter || next == UInt8(ascii: ".") { position += 1 }
    if position > end {
      if let nanoseconds = QueryDuration.parse(bytes[start..<position]) { return .duration(nanoseconds) }
      throw error("not a number and not a duration", from: start)
    }
    let text = String(decoding: bytes[start..<end], as: UTF8.self)
    if isFloat {
      guard let value = Double(text.hasSuffix(".") ? text + "0" : text.hasPrefix(".") ? "0" + text : text),
        value.isFinite
      else { throw error("number is out of range", from: start) }
      return .float(value)
    }
    guard let value = Int(text) else { throw error("integer is out of range", from: start) }
    return .int(value)
  }

  private mutating func rawString() throws(QueryError) -> String {
    let start = position
    position += 1
    while let next = byte(), next != UInt8(ascii: "`") { position += 1 }
    guard byte() != nil else { throw error("string is not closed", from: start) }
    position += 1
    return String(decoding: bytes[start + 1..<position - 1].filter { $0 != 0x0D }, as: UTF8.self)
  }

  private mutating func quotedString() throws(QueryError) -> String {
    let start = position
    position += 1
    var text: [UInt8] = []
    while true {
      guard let next = byte(), next != UInt8(ascii: "\n") else { throw error("string is not closed", from: start) }
      position += 1
      switch next {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        let escape = position - 1
        guard let unescaped = EscapeSequence.read(bytes, &position) else {
          throw error("invalid escape in string", from: escape)
        }
        text += unescaped
      default: text.append(next)
      }
    }
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { self >= 0x30 && self <= 0x39 }
  fileprivate var isBlank: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }
  /// Letters and `_`; bytes of non-ASCII characters count as letters.
  fileprivate var startsWord: Bool {
    (self | 0x20 >= 0x61 && self | 0x20 <= 0x7A) || self == UInt8(ascii: "_") || self >= 0x80
  }
  fileprivate var continuesWord: Bool { startsWord || isDigit }
  /// Letters of y w d h m s ms us µs ns.
  fileprivate var isDurationLetter: Bool {
    switch self {
    case UInt8(ascii: "n"), UInt8(ascii: "s"), UInt8(ascii: "u"), UInt8(ascii: "m"), UInt8(ascii: "h"),
      UInt8(ascii: "d"), UInt8(ascii: "w"), UInt8(ascii: "y"), 0xC2, 0xB5:
      true
    default: false
    }
  }
  fileprivate var isAttributeByte: Bool { !isBlank && !"{}()=~!<>&|^,".utf8.contains(self) }
}

extension Character {
  /// The first character of some UTF-8.
  fileprivate init(firstOf bytes: ArraySlice<UInt8>) {
    self = String(decoding: bytes.prefix(16), as: UTF8.self).first ?? "?"
  }
}

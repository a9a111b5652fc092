import JSON
import Platform
import Testing

/// Every token of `text`, or the error it ends with.
func tokens(_ text: String, manyDocuments: Bool = false) -> Result<[JSONToken], JSONError> {
  tokens(Array(text.utf8), manyDocuments: manyDocuments)
}

func tokens(_ bytes: [UInt8], manyDocuments: Bool = false) -> Result<[JSONToken], JSONError> {
  bytes.withByteView { view in
    var tokenizer = JSONTokenizer(view, manyDocuments: manyDocuments)
    var found: [JSONToken] = []
    do throws(JSONError) {
      while true {
        let token = try tokenizer.next()
        if token.kind == .end { return .success(found) }
        found.append(token)
      }
    } catch {
      return .failure(error)
    }
  }
}

@Suite struct TokenizerTests {
  @Test(arguments: [
    "null", "true", "false", "0", "-0", "1", "-12", "1.5", "0.5", "1e5", "1E+5", "1e-5", "-1.25e10",
    "123456789012345678901",
    "\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "\"\\ud83d\\ude00\"", "\"é😀\u{7F}\"", "\"\\ud800\"",
    "[]", "{}", "[ ]", "{ }", "[1]", "[1,2]", "[[],{}]", "{\"a\":1}", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":[null]}}",
    " \t\r\n1 \t\r\n", "\u{FEFF}[]", "{\"\":\"\"}", "[\"12345678\",\"1234567\",\"123456789\"]",
    "[          1          ]",
  ])
  func accepts(_ text: String) throws {
    _ = try tokens(text).get()
  }

  @Test(
    arguments: [
      ("", .unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("[", .unexpectedEnd, 1), ("{", .unexpectedEnd, 1),
      ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3), ("{\"a\"", .unexpectedEnd, 4),
      ("{\"a\":", .unexpectedEnd, 5),
      ("{\"a\":1", .unexpectedEnd, 6), ("{\"a\":1,", .unexpectedEnd, 7), ("-", .unexpectedEnd, 1),
      ("1.", .unexpectedEnd, 2), ("1e", .unexpectedEnd, 2), ("]", .expectedValue, 0), ("}", .expectedValue, 0),
      (",", .expectedValue, 0), ("[,1]", .expectedValue, 1), ("[1,,2]", .expectedValue, 3), ("'a'", .expectedValue, 0),
      ("{1:2}", .expectedKey, 1), ("{a:2}", .expectedKey, 1), ("{,}", .expectedKey, 1),
      ("{\"a\":1,b}", .expectedKey, 7),
      ("{\"a\" 1}", .expectedColon, 5), ("{\"a\",1}", .expectedColon, 4),
      ("{\"a\":1 \"b\":2}", .expectedCommaOrBrace, 7),
      ("{\"a\":1]", .expectedCommaOrBrace, 6), ("[1 2]", .expectedCommaOrBracket, 3),
      ("[1}", .expectedCommaOrBracket, 2),
      ("[1,]", .trailingComma, 3), ("{\"a\":1,}", .trailingComma, 7), ("\"abc", .unterminatedString, 0),
      ("\"", .unterminatedString, 0), ("[\"a]", .unterminatedString, 1), ("\"a\nb\"", .controlCharacter, 2),
      ("\"\u{0}\"", .controlCharacter, 1), ("\"12345678\u{1F}\"", .controlCharacter, 9), ("\"\\x\"", .invalidEscape, 1),
      ("\"\\", .invalidEscape, 1), ("\"\\u12\"", .invalidUnicodeEscape, 1), ("\"\\u12g4\"", .invalidUnicodeEscape, 1),
      ("\"\\u", .invalidUnicodeEscape, 1), ("nul", .invalidLiteral, 0), ("nulL", .invalidLiteral, 0),
      ("True", .invalidLiteral, 0), ("NaN", .invalidLiteral, 0), ("Infinity", .invalidLiteral, 0),
      ("truex", .invalidLiteral, 0), ("01", .leadingZero, 0), ("-01", .leadingZero, 1), ("00", .leadingZero, 0),
      (".5", .expectedValue, 0), ("+1", .expectedValue, 0), ("1.e5", .invalidNumber, 2), ("1e+", .unexpectedEnd, 3),
      ("1a", .invalidNumber, 1), ("1.5.5", .invalidNumber, 3), ("0x10", .invalidNumber, 1), ("-a", .invalidNumber, 1),
      ("1 2", .trailingData, 2), ("{} {}", .trailingData, 3), ("[]]", .trailingData, 2), ("// x", .expectedValue, 0),
      ("\u{A0}1", .expectedValue, 0),
    ] as [(String, JSONError.Reason, Int)])
  func refuses(_ text: String, _ reason: JSONError.Reason, _ offset: Int) {
    #expect(throws: JSONError(reason, at: offset)) { try tokens(text).get() }
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
      [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
      [0xF5, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98], [0xFE], [0xFF],
    ] as [[UInt8]])
  func refusesInvalidUTF8(_ bytes: [UInt8]) {
    for prefix in 0..<9 {
      let text = [0x22] + [UInt8](repeating: 0x61, count: prefix) + bytes + [0x22]
      #expect(throws: JSONError(.invalidUTF8, at: prefix + 1)) { try tokens(text).get() }
    }
    #expect(throws: JSONError(.invalidUTF8, at: 1)) { try tokens([0x5B] + bytes + [0x5D]).get() }
  }

  @Test(arguments: ["\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}"])
  func acceptsTheEdgesOfUTF8(_ scalar: String) throws {
    let found = try tokens("\"\(scalar)\"").get()
    #expect(found.first?.count == scalar.utf8.count)
  }

  @Test func limitsDepth() throws {
    let limit = JSONTokenizer.maximumDepth
    let deepest = String(repeating: "[", count: limit) + String(repeating: "]", count: limit)
    #expect(try tokens(deepest).get().count == 2 * limit)
    #expect(throws: JSONError(.tooDeep, at: limit)) { try tokens("[" + deepest + "]").get() }
  }

  @Test func keepsTheKindsOfNestedContainersApart() throws {
    // Crosses the borders between the words of the bit stack, in both directions.
    var text = ""
    for level in 0..<130 { text += level % 3 == 0 ? "[" : "{\"k\":" }
    text += "1"
    for level in (0..<130).reversed() { text += level % 3 == 0 ? "]" : "}" }
    _ = try tokens(text).get()
    let last = text.utf8.count - 1
    #expect(throws: JSONError(.expectedCommaOrBracket, at: last)) { try tokens(text.dropLast() + "}").get() }
  }

  @Test func reportsPositionsAndFlags() throws {
    let found = try tokens("{\"a\\n\": [1, -2.5, \"x\"]}").get()
    #expect(found.map(\.kind) == [.objectStart, .key, .arrayStart, .number, .number, .string, .arrayEnd, .objectEnd])
    #expect(found.map(\.range) == [0..<1, 1..<6, 8..<9, 9..<10, 12..<16, 18..<21, 21..<22, 22..<23])
    #expect(found[1].hasEscapes)
    #expect(!found[5].hasEscapes)
    #expect(found[3].isInteger)
    #expect(!found[4].isInteger)
  }

  @Test func readsManyDocuments() throws {
    #expect(try tokens("", manyDocuments: true).get().isEmpty)
    #expect(try tokens(" \n ", manyDocuments: true).get().isEmpty)
    #expect(try tokens("{}{}\n[1]\n 2 3 \"x\"\"y\"", manyDocuments: true).get().count == 11)
    #expect(throws: JSONError(.leadingZero, at: 2)) { try tokens("0 00", manyDocuments: true).get() }
    #expect(throws: JSONError(.unexpectedEnd, at: 4)) { try tokens("{}\n{", manyDocuments: true).get() }
  }

  @Test func skipsValues() throws {
    let text = Array("{\"a\":{\"x\":[1,{\"y\":2}]},\"b\":\"s\",\"c\":3}".utf8)
    try text.withByteView { view in
      var tokenizer = JSONTokenizer(view)
      _ = try tokenizer.next()
      for name in ["a", "b"] {
        let key = try tokenizer.next()
        #expect(String(tokenizer.bytes(of: key)) == name)
        try tokenizer.skipValue()
        #expect(tokenizer.depth == 1)
      }
      _ = try tokenizer.next()
      let last = try tokenizer.next()
      #expect(String(tokenizer.bytes(of: last)) == "3")
      let rest = [try tokenizer.next().kind, try tokenizer.next().kind]
      #expect(rest == [.objectEnd, .end])
    }
  }

  @Test func goesOnBehindABrokenLine() {
    let text = Array("{\"a\":[1,}\n{\"b\":2}\n".utf8)
    text.withByteView { view in
      var tokenizer = JSONTokenizer(view, manyDocuments: true)
      #expect(throws: JSONError.self) { try tokenizer.skipValue() }
      tokenizer.skipLine()
      #expect(throws: Never.self) { try tokenizer.skipValue() }
      #expect(tokenizer.position == 17)
    }
  }

  @Test func neverReadsOutsideItsText() {
    // Every prefix of a text ends in an error, not in a token made of what lies behind it.
    let text = Array("{\"key\":[\"a\\u00e9\\n€\",-12.5e+3,true,false,null,{}]}".utf8)
    for length in 0..<text.count {
      #expect(throws: JSONError.self) { try tokens(Array(text[..<length])).get() }
    }
  }
}

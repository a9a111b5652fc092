/// The tokens of a span's name, all of its text and an end mark: words, numbers, ids, runs of white space, single signs.
enum NameTokens {
  /// Stands behind the last token, which would otherwise be taken for data too readily.
  static let end = "<END>"

  static func of(_ name: String) -> [String] {
    var lexer = Lexer(Array(name.unicodeScalars))
    var tokens: [String] = []
    while let token = lexer.next() { tokens.append(token) }
    tokens.append(end)
    return tokens
  }

  /// Whether a token looks like data: hexadecimal with a digit, or more than a quarter of it numbers.
  static func isData(_ token: String) -> Bool {
    var numbers = 0
    var isHexLike = true
    for scalar in token.unicodeScalars {
      if isNumber(scalar) {
        numbers += 1
      } else if !scalar.properties.isHexDigit && !isPunctuation(scalar) {
        isHexLike = false
      }
    }
    return isHexLike && numbers > 0 || numbers > max(token.utf8.count / 4, 1)
  }

  private struct Lexer {
    private let text: [Unicode.Scalar]
    private var position = 0

    init(_ text: [Unicode.Scalar]) { self.text = text }

    private func scalar(_ index: Int) -> Unicode.Scalar? { index < text.count ? text[index] : nil }

    private func isHex(_ index: Int) -> Bool { scalar(index)?.properties.isHexDigit == true }

    mutating func next() -> String? {
      guard let first = scalar(position) else { return nil }
      let start = position
      position += 1
      if first == "%" {
        if isHex(position) && isHex(position + 1) {
          position += 2
        } else if position + 2 > text.count {
          // There is no going back from the end.
          position = text.count
        }
      } else if first.properties.isWhitespace {
        skip(\.properties.isWhitespace)
      } else if first.properties.isHexDigit {
        hexadecimal()
      } else if isLetter(first) || isNumber(first) {
        skip { isLetter($0) || isNumber($0) }
      }
      return String(String.UnicodeScalarView(text[start..<position]))
    }

    private mutating func hexadecimal() {
      skip { $0.properties.isHexDigit }
      guard let next = scalar(position) else { return }
      if next == "-" {
        skip { $0.properties.isHexDigit || $0 == "-" }
      } else {
        skip { isLetter($0) || isNumber($0) }
      }
    }

    private mutating func skip(_ isPart: (Unicode.Scalar) -> Bool) {
      while let scalar = scalar(position), isPart(scalar) { position += 1 }
    }
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  private static func isNumber(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .decimalNumber, .letterNumber, .otherNumber: true
    default: false
    }
  }

  private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      true
    default: false
    }
  }
}

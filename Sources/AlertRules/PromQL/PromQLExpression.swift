/// The part of PromQL that rules compile to.
public indirect enum PromQLExpression: Sendable, Equatable {
  /// A number with the digits it shall have.
  case number(String)
  /// Series of a metric with these label values, over a range when one is given.
  case selector(metric: String, labels: [LabelMatcher], range: String?)
  case call(String, [PromQLExpression])
  case sum(by: [String], PromQLExpression)
  case binary(PromQLExpression, String, PromQLExpression)
  case parentheses(PromQLExpression)
}

/// What a selector asks of a label.
public struct LabelMatcher: Sendable, Equatable {
  /// The label.
  public let name: String
  /// Its value, or one of several: each by itself, not a pattern.
  public let values: [String]

  /// The label has this value.
  public init(_ label: Label) {
    name = label.name
    values = [label.value]
  }

  /// The label has one of these values, of which there must be one.
  public init(_ name: String, oneOf values: [String]) {
    self.name = name
    self.values = values
  }
}

/// String literals of PromQL.
public enum PromQLString {
  /// `text` in double quotes. Whatever it holds, the literal ends at its own closing quote, is printable and is one
  /// line. U+FFFD is escaped because PromQL's lexer takes it for broken UTF-8.
  public static func quoted(_ text: String) -> String {
    // Nearly all text needs nothing.
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      return "\"\(text)\""
    }
    var literal = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": literal += "\\\""
      case "\\": literal += "\\\\"
      case "\n": literal += "\\n"
      case "\r": literal += "\\r"
      case "\t": literal += "\\t"
      case _ where needsEscape(scalar): literal += escape(scalar)
      default: literal.unicodeScalars.append(scalar)
      }
    }
    return literal + "\""
  }

  /// `text` as a regular expression that matches it alone.
  static func patternEscaped(_ text: String) -> String {
    var pattern = ""
    for character in text {
      if "\\.+*?()|[]{}^$".contains(character) { pattern += "\\" }
      pattern.append(character)
    }
    return pattern
  }

  /// Characters that do not print, that turn the direction of the text around, or that some reader takes for a line end.
  private static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x7F { return scalar.value < 0x20 }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse, .surrogate: return true
    default: return scalar == "\u{FFFD}"
    }
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    func padded(_ width: Int) -> String { String(repeating: "0", count: width - digits.count) + digits }
    if scalar.value < 0x80 { return "\\x" + padded(2) }
    return scalar.value < 0x1_0000 ? "\\u" + padded(4) : "\\U" + padded(8)
  }
}

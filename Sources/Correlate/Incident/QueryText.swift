import Transport

/// Pieces of PromQL, LogQL and TraceQL.
enum QueryText {
  /// A string literal; the three languages share the escapes used here.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        // Other control characters could not be typed by a user; a space keeps the query readable and one line.
        result.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7f ? " " : scalar)
      }
    }
    return result + "\""
  }
}

/// Decoding of form parameters.
enum PercentDecoding {
  /// Plus signs are spaces, `%XX` are bytes.
  static func form(_ text: some StringProtocol) -> String {
    PercentEncoding.decode(String(text.map { $0 == "+" ? " " : $0 }))
  }
}

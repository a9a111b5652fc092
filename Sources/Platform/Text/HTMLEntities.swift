extension String {
  /// Appends a character that is text in HTML: what would be markup there goes by its name.
  public mutating func appendHTML(_ character: Unicode.Scalar) {
    switch character {
    case "&": self += "&amp;"
    case "<": self += "&lt;"
    case ">": self += "&gt;"
    case "\"": self += "&quot;"
    case "'": self += "&#39;"
    default: unicodeScalars.append(character)
    }
  }
}

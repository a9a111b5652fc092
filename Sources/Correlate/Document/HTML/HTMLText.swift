import Platform

/// Pieces of HTML. All text from outside goes through `escaped`.
enum HTMLText {
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      // Control characters are no characters of HTML, and those that turn the direction of text show another text.
      let isShown: Bool =
        switch scalar.properties.generalCategory {
        case .control: scalar == "\n" || scalar == "\t"
        case .surrogate: false
        case .format: !(0x202A...0x202E ~= scalar.value || 0x2066...0x2069 ~= scalar.value)
        default: true
        }
      result.appendHTML(isShown ? scalar : "\u{FFFD}")
    }
    return result
  }

  /// A table in a box of its own, so that a narrow page scrolls it and not itself.
  static func table(_ titles: [String], _ rows: [(cells: [String], isMarked: Bool)]) -> String {
    let head = titles.map { "<th>\(escaped($0))</th>" }.joined()
    let body = rows.map { row in
      "<tr\(row.isMarked ? " class=\"changed\"" : "")>" + row.cells.map(cell).joined() + "</tr>"
    }
    return
      "<div class=\"scroll\"><table><thead><tr>\(head)</tr></thead><tbody>\(body.joined(separator: "\n"))</tbody></table></div>"
  }

  /// Short cells stay on one line; long ones are broken, but never narrower than a line of text.
  private static func cell(_ html: String) -> String {
    var length = 0
    var isTag = false
    for character in html {
      switch character {
      case "<": isTag = true
      case ">": isTag = false
      default: length += isTag ? 0 : 1
      }
    }
    return "<td\(length > 36 ? " class=\"wide\"" : "")>\(html)</td>"
  }

  static func link(_ url: String?, _ text: String) -> String {
    guard let url, url.hasPrefix("http://") || url.hasPrefix("https://") else { return "" }
    return "<a href=\"\(escaped(url))\">\(text)</a>"
  }

  static func section(_ title: String, _ body: String) -> String {
    "<section>\n<h2>\(escaped(title))</h2>\n\(body)\n</section>\n"
  }
}

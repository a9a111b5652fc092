import AlertRules
import JSON
import Platform

/// Diagnostics for people: the place, what is wrong, the line with a caret and what to do.
struct DiagnosticText {
  /// Columns of a line that are shown; longer lines are cut around the problem.
  private static let width = 100

  let sources: [RuleSource]
  let color: Bool

  /// Headline and snippet, without a final line feed.
  func render(_ diagnostic: Diagnostic) -> String {
    let label = diagnostic.severity.rawValue
    let painted = paint("\(label):", DiagnosticText.style(diagnostic.severity))
    let head = "\(paint(place(diagnostic), "1")) \(painted) \(headline(diagnostic))"
    let detail = detail(diagnostic)
    return detail.isEmpty ? head : "\(head)\n\(detail)"
  }

  private static func style(_ severity: Diagnostic.Severity) -> String {
    switch severity {
    case .error: "1;31"
    case .warning: "1;33"
    case .note: "1;36"
    }
  }

  /// `rules.json:3:17:`.
  func place(_ diagnostic: Diagnostic) -> String {
    place(diagnostic.source, diagnostic.range) + ":"
  }

  /// The message with its code, on one line.
  func headline(_ diagnostic: Diagnostic) -> String {
    "\(StandardErrorLog.oneLine(diagnostic.message)) [\(diagnostic.code.rawValue)]"
  }

  /// The line with a caret, the suggestion and the related places; empty when there is none of it.
  func detail(_ diagnostic: Diagnostic) -> String {
    var lines: [String] = []
    let suggestion = diagnostic.suggestion.map(StandardErrorLog.oneLine)
    if let range = diagnostic.range {
      lines += snippet(sources[diagnostic.source], range, suggestion)
    } else if let suggestion {
      lines.append("  " + suggestion)
    }
    for related in diagnostic.related {
      lines.append("  \(place(related.source, related.range)): note: \(related.message)")
    }
    return lines.joined(separator: "\n")
  }

  private func place(_ source: Int, _ range: Range<Int>?) -> String {
    let name = StandardErrorLog.oneLine(sources[source].name)
    guard let range else { return name }
    let start = sources[source].place(of: range.lowerBound)
    return "\(name):\(start.line):\(start.column)"
  }

  private func snippet(_ source: RuleSource, _ range: Range<Int>, _ suggestion: String?) -> [String] {
    let line = source.lineRange(at: range.lowerBound)
    let from = min(max(range.lowerBound, line.lowerBound), line.upperBound)
    let to = min(max(range.upperBound, from), line.upperBound)
    let before = DiagnosticText.scalars(source, max(line.lowerBound, from - 4 * DiagnosticText.width)..<from)
    let marked = DiagnosticText.scalars(source, from..<min(to, from + 4 * DiagnosticText.width))
    let after = DiagnosticText.scalars(source, to..<min(line.upperBound, to + 4 * DiagnosticText.width))
    let (left, middle, right) = DiagnosticText.window(before.count, marked.count, after.count)
    let lead = before.suffix(left)
    let shown = marked.prefix(middle)
    let rest = after.prefix(right)
    let isCutLeft = left < before.count || from - line.lowerBound > 4 * DiagnosticText.width
    let isCutRight = middle < marked.count || right < after.count || line.upperBound - to > 4 * DiagnosticText.width
    let text = (isCutLeft ? "…" : "") + DiagnosticText.text(lead)
    let number = String(source.place(of: range.lowerBound).line)
    let gutter = String(repeating: " ", count: number.count)
    let indent = String(repeating: " ", count: DisplayWidth.of(text))
    let caret = paint(String(repeating: "^", count: max(DisplayWidth.of(DiagnosticText.text(shown)), 1)), "1;32")
    return [
      "  \(number) | \(text)\(DiagnosticText.text(shown))\(DiagnosticText.text(rest))\(isCutRight ? "…" : "")",
      "  \(gutter) | \(indent)\(caret)" + (suggestion.map { " " + $0 } ?? ""),
    ]
  }

  /// How many characters to show before, in and after the problem: all of a line that is short enough, else what
  /// surrounds it.
  private static func window(_ before: Int, _ marked: Int, _ after: Int) -> (Int, Int, Int) {
    if before + marked + after <= width { return (before, marked, after) }
    let middle = min(marked, width / 2)
    let free = width - middle
    let right = min(after, max(free / 2, free - before))
    return (min(before, free - right), middle, right)
  }

  /// Characters of a range of the source as they are shown. Half a character at an end that was cut is left out.
  private static func scalars(_ source: RuleSource, _ range: Range<Int>) -> [Unicode.Scalar] {
    var range = range
    while !range.isEmpty, source.bytes[range.lowerBound] & 0xC0 == 0x80 {
      range = (range.lowerBound + 1)..<range.upperBound
    }
    return source.text(range).unicodeScalars.map(visible)
  }

  /// Tabs and characters that do not print take one column, so that the caret stands below what it means.
  private static func visible(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    if scalar == "\t" { return " " }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: return "\u{FFFD}"
    default: return scalar
    }
  }

  private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return String(text)
  }

  private func paint(_ text: String, _ style: String) -> String {
    color ? "\u{1B}[\(style)m\(text)\u{1B}[0m" : text
  }
}

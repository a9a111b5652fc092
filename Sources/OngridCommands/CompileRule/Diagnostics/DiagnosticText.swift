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
    let painted = paint("\(label):", diagnostic.severity == .error ? "1;31" : "1;33")
    let head = "\(paint(place(diagnostic), "1")) \(painted) \(headline(diagnostic))"
    let detail = detail(diagnostic)
    return detail.isEmpty ? head : "\(head)\n\(detail)"
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
    let start = source.place(of: range.lowerBound)
    let end = source.place(of: range.upperBound)
    let scalars = Array(source.line(start.line).unicodeScalars.map(DiagnosticText.visible))
    let from = min(start.column - 1, scalars.count)
    let to = end.line == start.line ? max(min(end.column - 1, scalars.count), from) : scalars.count
    let window = DiagnosticText.window(scalars.count, from, to)
    let shown = DiagnosticText.text(scalars[window])
    let cutLeft = window.lowerBound > 0 ? "…" : ""
    let cutRight = window.upperBound < scalars.count ? "…" : ""
    let number = String(start.line)
    let gutter = String(repeating: " ", count: number.count)
    let lead = DisplayWidth.of(cutLeft + DiagnosticText.text(scalars[window.lowerBound..<from]))
    let marked = DisplayWidth.of(DiagnosticText.text(scalars[from..<min(to, window.upperBound)]))
    let caret = paint(String(repeating: "^", count: max(marked, 1)), "1;32")
    return [
      "  \(number) | \(cutLeft)\(shown)\(cutRight)",
      "  \(gutter) | " + String(repeating: " ", count: lead) + caret + (suggestion.map { " " + $0 } ?? ""),
    ]
  }

  /// The part of a line to show: all of it, or what surrounds the problem.
  private static func window(_ count: Int, _ from: Int, _ to: Int) -> Range<Int> {
    guard count > width else { return 0..<count }
    let marked = min(to - from, width / 2)
    let start = max(0, min(from - (width - marked) / 2, count - width))
    return start..<min(count, start + width)
  }

  /// Tabs and characters that do not print take one column, so that the caret stands below what it means.
  private static func visible(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    if scalar == "\t" { return " " }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: return "\u{FFFD}"
    default: return scalar
    }
  }

  private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return String(text)
  }

  private func paint(_ text: String, _ style: String) -> String {
    color ? "\u{1B}[\(style)m\(text)\u{1B}[0m" : text
  }
}

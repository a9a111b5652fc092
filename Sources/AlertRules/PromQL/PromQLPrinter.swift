extension PromQLExpression {
  /// On one line.
  public var text: String {
    var text = ""
    text.reserveCapacity(256)
    write(to: &text)
    return text
  }

  private func write(to text: inout String) {
    switch self {
    case .number(let digits): text += digits
    case .selector(let metric, let labels, let range):
      // Names that are more than letters, digits and signs stand in quotes, since Prometheus 3.
      let isPlain = PromQLName.isMetric(metric)
      text += isPlain ? metric : "{" + PromQLString.quoted(metric)
      for (index, label) in labels.enumerated() {
        text += index == 0 && isPlain ? "{" : ","
        text += PromQLName.label(label.name)
        if label.values.count == 1 {
          text += "=" + PromQLString.quoted(label.values[0])
        } else {
          text += "=~" + PromQLString.quoted(label.values.map(PromQLString.patternEscaped).joined(separator: "|"))
        }
      }
      if !labels.isEmpty || !isPlain { text += "}" }
      if let range { text += "[\(range)]" }
    case .call(let name, let arguments):
      text += name
      text += "("
      for (index, argument) in arguments.enumerated() {
        if index > 0 { text += ", " }
        argument.write(to: &text)
      }
      text += ")"
    case .sum(let labels, let inner):
      text += PromQLExpression.sumHead(labels)
      text += " ("
      inner.write(to: &text)
      text += ")"
    case .binary(let left, let name, let right):
      left.write(to: &text)
      text += " "
      text += name
      text += " "
      right.write(to: &text)
    case .parentheses(let inner):
      text += "("
      inner.write(to: &text)
      text += ")"
    }
  }

  /// Over several lines, each level indented by two spaces; what is short stays on one line.
  public var prettyText: String { lines.joined(separator: "\n") }

  /// Columns up to which an expression stays on one line.
  private static let width = 80

  private var lines: [String] {
    let compact = text
    if compact.utf8.count <= PromQLExpression.width { return [compact] }
    switch self {
    case .number, .selector: return [compact]
    case .call(let name, let arguments):
      // A call of one selector gains nothing from being broken.
      if arguments.count == 1, case .selector = arguments[0] { return [compact] }
      var inner: [String] = []
      for (index, argument) in arguments.enumerated() {
        var lines = argument.lines
        if index + 1 < arguments.count { lines[lines.count - 1] += "," }
        inner += lines
      }
      return PromQLExpression.block("\(name)(", inner)
    case .sum(let labels, let inner):
      return PromQLExpression.block("\(PromQLExpression.sumHead(labels)) (", inner.lines)
    case .parentheses(let inner): return PromQLExpression.block("(", inner.lines)
    case .binary(let left, let name, let right):
      var lines = left.lines
      var rest = right.lines
      if lines.count == 1 || rest.count == 1 {
        rest[0] = "\(lines.removeLast()) \(name) \(rest[0])"
      } else {
        rest[0] = "\(name) \(rest[0])"
      }
      return lines + rest
    }
  }

  private static func block(_ head: String, _ inner: [String]) -> [String] {
    [head] + inner.map { "  " + $0 } + [")"]
  }

  private static func sumHead(_ labels: [String]) -> String {
    labels.isEmpty ? "sum" : "sum by (\(labels.map(PromQLName.label).joined(separator: ", ")))"
  }
}

/// What an alert says to people.
public enum AlertAnnotations {
  /// The annotations of a rule's alert: its own, and those made from what it watches where it has none of that name.
  public static func of(_ rule: AlertRule) -> [Label] {
    let subject = literal(subject(rule))
    let unit = rule.unit.isEmpty ? "" : " \(rule.unit)"
    var annotations: [Label] = []
    if let name = rule.name, rule.key != nil { annotations.append(Label("title", literal(name))) }
    switch rule.condition {
    case .objective(let objective):
      annotations.append(Label("summary", "error budget of \(subject) over \(objective.period.text) burns too fast"))
      let left = objective.pairs.map { exhausted(objective, $0) }.joined(separator: " to ")
      annotations.append(
        Label("description", "at this rate the whole error budget of \(subject) is gone in \(left) days"))
    default:
      annotations.append(
        Label("summary", "\(subject) \(rule.comparison.rawValue) \(rule.limitText) over \(rule.window.text)"))
      annotations.append(Label("description", "\(subject) is {{ printf \"%.4g\" $value }}\(unit)"))
      annotations.append(Label("threshold", rule.limit.text))
    }
    if let url = rule.runbookURL { annotations.append(Label("runbook_url", literal(url))) }
    let own = rule.annotations.map { Label($0.name, template($0.value)) }
    return annotations.filter { made in !own.contains { $0.name == made.name } } + own
  }

  /// Days in which a burn at a pair's limit uses up the budget.
  private static func exhausted(_ objective: ServiceObjective, _ pair: ServiceObjective.WindowPair) -> String {
    let days = Double(objective.period.milliseconds) / 86_400_000 / objective.factor(of: pair).value
    return "\(Int(days.rounded()))"
  }

  /// What the rule watches, in words.
  private static func subject(_ rule: AlertRule) -> String {
    let what = (rule.operation.map { "\($0) in " } ?? "") + rule.service
    return switch rule.condition {
    case .latency(_, let quantile, let isExact):
      (isExact ? "share of calls above \(rule.threshold.text) ms" : "\(quantile.rawValue) latency") + " of \(what)"
    case .errorRate: "error rate of \(rule.service)"
    case .callRate: "calls a second of \(what)"
    case .objective(let objective):
      "\(what) (\(objective.objective.text) % of calls "
        + (objective.latencyBound.map { "within \($0.text) ms" } ?? "without an error") + ")"
    case .traceQL: rule.title
    }
  }

  /// Prometheus expands templates in labels and annotations; what comes from a rule's other parts is not one.
  ///
  /// Go sees `{{` in the bytes, also where a combining mark makes the second brace another character for Swift.
  public static func literal(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    var literal = String.UnicodeScalarView()
    var index = 0
    while index < scalars.count {
      if scalars[index] == "{", index + 1 < scalars.count, scalars[index + 1] == "{" {
        literal.append(contentsOf: "{{ \"{{\" }}".unicodeScalars)
        index += 2
      } else {
        literal.append(scalars[index])
        index += 1
      }
    }
    return String(literal)
  }

  /// An annotation as a rule has it: templates stay what they are, unless one is left open, with which Prometheus would
  /// refuse the whole file.
  private static func template(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    var isOpen = false
    for (first, second) in zip(scalars, scalars.dropFirst()) {
      if !isOpen, first == "{", second == "{" { isOpen = true }
      if isOpen, first == "}", second == "}" { isOpen = false }
    }
    return isOpen ? literal(text) : text
  }
}

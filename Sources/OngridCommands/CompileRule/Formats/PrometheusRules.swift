import AlertRules
import Platform

/// A rules file for Prometheus: one group for each input, one alert for each rule.
struct PrometheusRules {
  let set: RuleSet
  let compiler: RuleCompiler

  var text: String {
    let rules = set.rules
    var names = Set(rules.compactMap { $0.key ?? $0.name })
    let bySource = Dictionary(grouping: rules, by: \.source)
    var groups: Set<String> = []
    var text = "groups:\n"
    for (index, source) in set.sources.enumerated() {
      guard let rules = bySource[index] else { continue }
      text += "  - name: \(YAMLScalar.text(PrometheusRules.groupName(source.name, &groups)))\n    rules:\n"
      for rule in rules { text += alert(rule, &names) }
    }
    return text
  }

  private func alert(_ rule: AlertRule, _ names: inout Set<String>) -> String {
    let alert = AlertIdentity(of: rule, profile: compiler.profile, taken: &names)
    let labels = alert.labels.map { Label($0.name, PrometheusRules.literal($0.value)) }
    var text = "      - alert: \(YAMLScalar.text(alert.name))\n"
    text += "        expr: \(YAMLScalar.block(compiler.compile(rule).prettyText, indent: 8))\n"
    if let holdFor = rule.holdFor, holdFor.milliseconds > 0 { text += "        for: \(holdFor.text)\n" }
    text += "        labels:\n" + PrometheusRules.pairs(labels)
    text += "        annotations:\n" + PrometheusRules.pairs(annotations(rule))
    return text
  }

  private func annotations(_ rule: AlertRule) -> [Label] {
    let subject = PrometheusRules.literal(PrometheusRules.subject(rule))
    let comparison = "\(rule.comparison.rawValue) \(rule.limit.text) \(rule.unit)"
    var annotations: [Label] = []
    if let name = rule.name, rule.key != nil { annotations.append(Label("title", PrometheusRules.literal(name))) }
    annotations.append(Label("summary", "\(subject) \(comparison) over \(rule.window.text)"))
    annotations.append(Label("description", "\(subject) is {{ printf \"%.4g\" $value }} \(rule.unit)"))
    annotations.append(Label("threshold", rule.limit.text))
    if let url = rule.runbookURL { annotations.append(Label("runbook_url", PrometheusRules.literal(url))) }
    return annotations
  }

  /// What the rule watches, in words.
  private static func subject(_ rule: AlertRule) -> String {
    switch rule.condition {
    case .latency(let operation, let quantile, let isExact):
      (isExact ? "share of calls above \(rule.threshold.text) ms" : "\(quantile.rawValue) latency")
        + " of \(operation.map { "\($0) in " } ?? "")\(rule.service)"
    case .errorRate: "error rate of \(rule.service)"
    }
  }

  private static func pairs(_ labels: [Label]) -> String {
    labels.map { "          \($0.name): \(YAMLScalar.text($0.value))\n" }.joined()
  }

  /// Prometheus expands templates in labels and annotations; what comes from a rule is not one.
  ///
  /// Go sees `{{` in the bytes, also where a combining mark makes the second brace another character for Swift.
  private static func literal(_ text: String) -> String {
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

  /// The file's name without its directory and extension; the whole path where that is taken.
  private static func groupName(_ path: String, _ taken: inout Set<String>) -> String {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    let stem = path == "<stdin>" ? "ongrid" : file.hasSuffix(".json") ? String(file.dropLast(5)) : file
    var name = stem.isEmpty ? "ongrid" : stem
    if taken.contains(name) { name = path }
    var number = 2
    while !taken.insert(name).inserted {
      name = "\(path) \(number)"
      number += 1
    }
    return name
  }
}

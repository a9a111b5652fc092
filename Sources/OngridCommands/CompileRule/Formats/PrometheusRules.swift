import AlertRules
import Platform

/// Groups of rules as YAML: a rules file for Prometheus, or an object of Kubernetes for the Prometheus operator.
struct PrometheusRules {
  let groups: RuleGroups

  /// A rules file.
  var file: String { "groups:\n" + lines(margin: "") }

  /// A `PrometheusRule` of the Prometheus operator with this name.
  func object(named name: String) -> String {
    """
    apiVersion: monitoring.coreos.com/v1
    kind: PrometheusRule
    metadata:
      name: \(YAMLScalar.text(name))
    spec:
      groups:

    """ + lines(margin: "  ")
  }

  /// The name of an object of Kubernetes for the file of rules at `path`: lower case letters, digits and `-`, 63 at most.
  static func objectName(_ path: String) -> String {
    let words = RuleGroups.stem(path).lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    var name = String(words.joined(separator: "-").prefix(63))
    while name.hasSuffix("-") { name.removeLast() }
    return path == "<stdin>" || name.isEmpty ? "ongrid" : name
  }

  private func lines(margin: String) -> String {
    var text = ""
    for group in groups.groups {
      text += "\(margin)  - name: \(YAMLScalar.text(group.name))\n"
      if let interval = group.interval { text += "\(margin)    interval: \(interval)\n" }
      text += "\(margin)    rules:\n"
      for rule in group.rules { text += PrometheusRules.lines(rule, margin + "      ") }
    }
    return text
  }

  private static func lines(_ rule: RuleGroups.Rule, _ margin: String) -> String {
    var text = "\(margin)- \(rule.isAlert ? "alert" : "record"): \(YAMLScalar.text(rule.name))\n"
    text += "\(margin)  expr: \(YAMLScalar.block(rule.expression, indent: margin.count + 2))\n"
    if let time = rule.holdFor { text += "\(margin)  for: \(time)\n" }
    if let time = rule.keepFiringFor { text += "\(margin)  keep_firing_for: \(time)\n" }
    text += pairs("labels", rule.labels, margin) + pairs("annotations", rule.annotations, margin)
    return text
  }

  private static func pairs(_ name: String, _ pairs: [Label], _ margin: String) -> String {
    guard !pairs.isEmpty else { return "" }
    return "\(margin)  \(name):\n"
      + pairs.map { "\(margin)    \(YAMLScalar.text($0.name)): \(YAMLScalar.text($0.value))\n" }.joined()
  }
}

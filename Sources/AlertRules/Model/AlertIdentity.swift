import MetricProfiles

/// What an alert is called and which labels it gets: what Prometheus tells alerts apart by.
public struct AlertIdentity: Sendable, Hashable {
  /// The alert's name.
  public let name: String
  /// Its labels, as they come from the rule: what is in them is not a template.
  public let labels: [Label]

  /// The identity of a rule's alert.
  ///
  /// - Parameters:
  ///   - rule: The rule.
  ///   - profile: What the metrics' labels are called.
  ///   - taken: The names that rules have of their own or got before; a name made from what the rule watches keeps clear of
  ///     them and is added.
  public init(of rule: AlertRule, profile: MetricProfile, taken: inout Set<String>) {
    name = AlertIdentity.name(rule, &taken)
    labels = AlertIdentity.labels(rule, profile)
  }

  /// The rule's own labels, and what the aggregation drops or keeps under another name: all kinds of alerts then carry the
  /// same labels.
  private static func labels(_ rule: AlertRule, _ profile: MetricProfile) -> [Label] {
    var labels: [Label] = []
    if let severity = rule.severity { labels.append(Label("severity", severity)) }
    labels += rule.labels.filter { $0.name != "severity" || rule.severity == nil }
    let context = context(of: rule, profile: profile)
    return labels + context.filter { known in !rule.labels.contains { $0.name == known.name } }
  }

  /// The labels that say what a rule watches.
  static func context(of rule: AlertRule, profile: MetricProfile) -> [Label] {
    var context = rule.service.isEmpty ? [] : [Label(profile.serviceLabel, rule.service)]
    if let operation = rule.operation { context.append(Label(profile.operationLabel, operation)) }
    if let slo = rule.objectiveName { context.append(Label("slo", slo)) }
    return context + rule.scope
  }

  /// The rule's key or name; else one made from what it watches, which no other rule has.
  private static func name(_ rule: AlertRule, _ taken: inout Set<String>) -> String {
    if let name = rule.key ?? rule.name { return name }
    var stem = camelCase(rule.service)
    switch rule.condition {
    case .latency(let operation, let quantile, _):
      stem += camelCase(operation ?? "") + "Latency" + quantile.rawValue.uppercased()
    case .errorRate: stem += "ErrorRate"
    case .callRate(let operation, _): stem += camelCase(operation ?? "") + "CallRate"
    case .objective(let objective):
      stem += camelCase(objective.operation ?? "") + "ErrorBudget" + objective.level.rawValue.capitalizedFirst
    case .traceQL: stem += "TraceQL"
    }
    var name = stem
    var number = 2
    while !taken.insert(name).inserted {
      name = "\(stem)\(number)"
      number += 1
    }
    return name
  }

  /// Letters and digits of any script, words beginning in upper case; never more than 200 characters.
  private static func camelCase(_ text: String) -> String {
    let words = text.unicodeScalars.prefix(200).split { scalar in
      !(scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        || scalar.properties.generalCategory == .nonspacingMark || scalar.properties.generalCategory == .spacingMark)
    }
    return words.map { word in
      let text = String(Substring.UnicodeScalarView(word))
      return text.capitalizedFirst
    }.joined()
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

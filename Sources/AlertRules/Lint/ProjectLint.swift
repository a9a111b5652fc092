import MetricProfiles
import Platform

/// What a project asks of all its rules.
public struct ProjectRules: Sendable {
  /// The severities that alerts may have; any when empty.
  public var severities: [String]
  /// Labels that every alert must have.
  public var labels: [String]
  /// Annotations that every alert must have.
  public var annotations: [String]

  /// A project that asks nothing unless told to.
  public init(severities: [String] = [], labels: [String] = [], annotations: [String] = []) {
    self.severities = severities
    self.labels = labels
    self.annotations = annotations
  }
}

/// Holds rules against what their project asks of them.
struct ProjectLint {
  let rules: ProjectRules
  let profile: MetricProfile

  func check(_ rule: AlertRule) -> [Diagnostic] {
    severity(rule) + labels(rule) + annotations(rule)
  }

  private func severity(_ rule: AlertRule) -> [Diagnostic] {
    guard !rules.severities.isEmpty else { return [] }
    return severities(of: rule).filter { !rules.severities.contains($0) }.map { severity in
      let nearest = NearestName.of(severity, in: rules.severities)
      return Diagnostic(
        .severity, "severity \(Quoting.text(severity)) is none of the project's", source: rule.source,
        range: rule.places.severity ?? rule.places.rulePoint,
        suggestion: nearest.map { "did you mean \(Quoting.text($0))?" }
          ?? "they are \(rules.severities.joined(separator: ", "))",
        replacement: rule.places.severity == nil ? nil : nearest.map(Quoting.text))
    }
  }

  /// Of an objective both.
  private func severities(of rule: AlertRule) -> [String] {
    [rule, rule.secondAlert].compactMap { alert in
      alert.flatMap { $0.severity ?? $0.labels.first { $0.name == "severity" }?.value }
    }
  }

  private func labels(_ rule: AlertRule) -> [Diagnostic] {
    guard !rules.labels.isEmpty else { return [] }
    var taken: Set<String> = []
    let present = AlertIdentity(of: rule, profile: profile, taken: &taken).labels.map(\.name)
    return rules.labels.filter { !present.contains($0) }.map { label in
      Diagnostic(
        .missingLabel, "the alert has no label \(Quoting.text(label)), which the project wants", source: rule.source,
        range: rule.places.labels ?? rule.places.rulePoint,
        suggestion: label == "severity" ? "add \"severity\"" : "add it to \"labels\"")
    }
  }

  private func annotations(_ rule: AlertRule) -> [Diagnostic] {
    guard !rules.annotations.isEmpty else { return [] }
    let present = AlertAnnotations.of(rule).map(\.name)
    return rules.annotations.filter { !present.contains($0) }.map { annotation in
      Diagnostic(
        .missingAnnotation, "the alert has no annotation \(Quoting.text(annotation)), which the project wants",
        source: rule.source, range: rule.places.annotations ?? rule.places.rulePoint,
        suggestion: annotation == "runbook_url" ? "add \"runbook_url\"" : "add it to \"annotations\"")
    }
  }
}

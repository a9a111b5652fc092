/// What an objective makes of its alerts.
enum ObjectiveLint {
  static func check(_ rule: AlertRule, _ objective: ServiceObjective) -> [Diagnostic] {
    let text = objective.objective.text
    if objective.objective.value <= 1 {
      return [
        Diagnostic(
          .unit, "an objective of \(text) % lets nearly all calls be bad", source: rule.source,
          range: rule.places.threshold, suggestion: "\"objective_pct\" is in percent, such as 99.9")
      ]
    }
    // A burn that fast would take more bad calls than there are calls.
    let fastest = objective.factor(of: objective.pairs[0])
    guard fastest.value * objective.budget.value >= 1 else { return [] }
    return [
      Diagnostic(
        .neverFires,
        "a budget of \(Threshold(text: "", value: objective.budget.value * 100).canonical.text) % never burns "
          + "\(fastest.text) times too fast, so the fastest alert never fires",
        source: rule.source, range: rule.places.threshold,
        suggestion: "objectives below about 93 leave the other windows only")
    ]
  }
}

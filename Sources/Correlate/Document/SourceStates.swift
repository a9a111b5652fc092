/// Which sources were asked and what came of it.
struct SourceStates {
  /// In a fixed order: `answered`, `not asked`, `in part: …` or `missing: …`.
  let states: [(source: String, text: String)]

  init(_ evidence: Evidence) {
    let asked = Set(evidence.queries.map(\.source))
    let traces = asked.contains("files") ? "files" : "tempo"
    states = ["prometheus", "loki", traces].map { source in
      guard asked.contains(source) else { return (source, "not asked") }
      guard let reason = evidence.skipped[source] else { return (source, "answered") }
      let hasPanel =
        switch source {
        case "prometheus": evidence.metrics != nil
        case "loki": evidence.logs != nil
        default: evidence.traces != nil
        }
      return (source, (hasPanel ? "in part: " : "missing: ") + reason)
    }
  }

  var sentence: String { states.map { "\($0.source) \($0.text)" }.joined(separator: "; ") }
}

import MetricProfiles

/// What is suspicious about the words and numbers of one rule, whatever the metrics are.
struct TextLint {
  /// What the metrics' labels are called.
  let profile: MetricProfile
  /// Milliseconds between two evaluations.
  let interval: Int64

  /// Milliseconds from which a window smooths away what it should show.
  private static let longWindow: Int64 = 7 * 86_400_000

  func check(_ rule: AlertRule) -> [Diagnostic] {
    [
      mislabelled(rule), characters(rule.service, rule, rule.places.service),
      pattern(rule.service, rule, rule.places.service),
      operation(rule), unit(rule), window(rule), hold(rule), runbook(rule),
    ].compactMap(\.self)
  }

  /// A label that says something else than the rule watches.
  private func mislabelled(_ rule: AlertRule) -> Diagnostic? {
    for known in AlertIdentity.context(of: rule, profile: profile) {
      guard let label = rule.labels.first(where: { $0.name == known.name }), label.value != known.value else {
        continue
      }
      return problem(
        .mislabelled,
        "label \(Quoting.text(label.name)) is \(Quoting.text(label.value)), but the rule watches \(Quoting.text(known.value))",
        rule, rule.places.labels ?? rule.places.rulePoint,
        suggestion: "leave the label out: alerts get it from what the rule watches")
    }
    return nil
  }

  private func operation(_ rule: AlertRule) -> Diagnostic? {
    guard let operation = rule.operation else { return nil }
    return characters(operation, rule, rule.places.operation) ?? pattern(operation, rule, rule.places.operation)
  }

  /// Characters that nobody sees, or that look like others: the value then matches nothing.
  private func characters(_ text: String, _ rule: AlertRule, _ place: Range<Int>) -> Diagnostic? {
    if let first = text.unicodeScalars.first(where: isInvisible) {
      let code = String(first.value, radix: 16, uppercase: true)
      let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
      return problem(
        .strangeCharacters, "\(Quoting.text(text)) holds the invisible character U+\(padded)", rule, place,
        suggestion: "services and operations are compared to the letter")
    }
    if text.first?.isWhitespace == true || text.last?.isWhitespace == true {
      return problem(
        .strangeCharacters, "\(Quoting.text(text)) begins or ends with white space", rule, place,
        suggestion: "services and operations are compared to the letter")
    }
    guard let lookalike = text.unicodeScalars.first(where: isLookalike), text.utf8.contains(where: isLatinLetter) else {
      return nil
    }
    return problem(
      .strangeCharacters, "\(Quoting.text(text)) mixes Latin letters with \"\(lookalike)\", which only looks like one",
      rule,
      place)
  }

  private func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
    default: scalar.value == 0xA0
    }
  }

  /// Letters of Cyrillic and Greek that are drawn like Latin ones.
  private func isLookalike(_ scalar: Unicode.Scalar) -> Bool {
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухΑΒΕΖΗΙΚΜΝΟΡΤΥΧοϲ".unicodeScalars.contains(scalar)
  }

  private func isLatinLetter(_ byte: UInt8) -> Bool { ((byte | 0x20) &- 0x61) < 26 }

  /// Text that looks like a regular expression or a glob, where only equality is meant.
  private func pattern(_ text: String, _ rule: AlertRule, _ place: Range<Int>) -> Diagnostic? {
    let signs = [".*", ".+", "[a-z", "[0-9", "\\d", "\\w"]
    let isAnchored = text.hasPrefix("^") || text.hasSuffix("$") || (text.contains("|") && text.contains("("))
    let isGlob = text == "*" || text.hasSuffix("-*") || text.hasSuffix("/*") && !text.contains(" ")
    guard isGlob || isAnchored || signs.contains(where: { text.contains($0) }) else { return nil }
    return problem(
      .pattern, "\(Quoting.text(text)) looks like a pattern, but is compared to the letter", rule, place,
      suggestion: "write a rule for each, or leave \"operation\" out for all")
  }

  /// A threshold in another unit than the one it has.
  private func unit(_ rule: AlertRule) -> Diagnostic? {
    let value = rule.threshold.value
    switch rule.condition {
    case .latency where value < 1:
      return problem(
        .unit, "a threshold of \(rule.threshold.text) ms is less than a thousandth of a second", rule,
        rule.places.threshold, suggestion: "\"threshold_ms\" is in milliseconds")
    case .errorRate where value < 0.05:
      return problem(
        .unit, "a threshold of \(rule.threshold.text) % is \(share(value)) calls", rule, rule.places.threshold,
        suggestion: "\"threshold_pct\" is in percent, so 1 is one call in a hundred")
    default: return nil
    }
  }

  private func share(_ percent: Double) -> String {
    let calls = 100 / percent
    return calls < 1e9 ? "one in \(Int(calls.rounded()))" : "next to no"
  }

  private func window(_ rule: AlertRule) -> Diagnostic? {
    guard rule.window.milliseconds > TextLint.longWindow else { return nil }
    return problem(
      .longTime, "a window of \(rule.window.text) smooths away what lasts hours", rule, rule.places.window,
      suggestion: "windows are minutes or hours; a longer one also reads all samples of that time")
  }

  private func hold(_ rule: AlertRule) -> Diagnostic? {
    guard let hold = rule.holdFor, hold.milliseconds > 0, hold.milliseconds < interval else { return nil }
    return problem(
      .shortHold, "\"for\" \(hold.text) is shorter than the time between two evaluations, so it does nothing", rule,
      rule.places.hold ?? rule.places.rulePoint,
      suggestion: "a condition is looked at every \(PromDuration(milliseconds: interval).text)")
  }

  private func runbook(_ rule: AlertRule) -> Diagnostic? {
    guard let url = rule.runbookURL else { return nil }
    let rest = ["https://", "http://"].first { url.hasPrefix($0) }.map { url.dropFirst($0.count) }
    if let rest, let host = rest.split(separator: "/", omittingEmptySubsequences: false).first, !host.isEmpty,
      !url.contains(where: \.isWhitespace)
    {
      return nil
    }
    return problem(
      .runbook, "\"runbook_url\" \(Quoting.text(url)) is not a link", rule,
      rule.places.runbook ?? rule.places.rulePoint,
      suggestion: "whoever is woken follows it: https://…")
  }

  private func problem(
    _ code: DiagnosticCode, _ message: String, _ rule: AlertRule, _ range: Range<Int>, suggestion: String? = nil
  ) -> Diagnostic {
    Diagnostic(code, message, source: rule.source, range: range, suggestion: suggestion)
  }
}

import AlertRules
import JSON
import Platform

/// What rules say now.
struct VerdictReport {
  let verdicts: [RuleVerdict]

  /// One line a rule: verdict, value, comparison, title.
  var text: String {
    let rows = verdicts.map { verdict in
      let rule = verdict.rule
      let value = verdict.value.map { LiveText.number($0, rule) } ?? "no value"
      return [
        verdict.isFiring ? "FIRING" : verdict.state.rawValue, value,
        "\(rule.comparison.rawValue) \(rule.limitText)",
        LiveText.title(rule) + VerdictReport.since(verdict),
      ]
    }
    let widths = (0..<3).map { column in rows.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
    return rows.map { row in
      let cells = (0..<3).map { DisplayWidth.padded(row[$0], to: widths[$0], alignRight: $0 == 1) }
      return (cells + [row[3]]).joined(separator: "  ") + "\n"
    }.joined()
  }

  private static func since(_ verdict: RuleVerdict) -> String {
    guard let since = verdict.activeSince, let hold = verdict.rule.holdFor else { return "" }
    return ", since \(since.rfc3339) (for \(hold.text))"
  }

  var json: [UInt8] {
    var writer = JSONWriter(style: .pretty)
    writer.beginArray()
    for verdict in verdicts {
      writer.beginObject()
      LiveText.writeHead(verdict.rule, to: &writer)
      writer.key("value")
      if let value = verdict.value { writer.double(value) } else { writer.null() }
      writer.optional("state", verdict.state.rawValue)
      writer.optional("active_since", verdict.activeSince?.rfc3339)
      writer.key("firing")
      writer.bool(verdict.isFiring)
      writer.endObject()
    }
    writer.endArray()
    writer.newline()
    return writer.bytes
  }
}

/// What both live reports say about a rule.
enum LiveText {
  /// The rule's name on one line, and what it watches.
  static func title(_ rule: AlertRule) -> String {
    var text = rule.title
    let level = if case .objective(let objective) = rule.condition { " \(objective.level.rawValue)" } else { "" }
    if rule.key != nil || rule.name != nil {
      text += " (\(rule.kind.rawValue)\(level)\(rule.service.isEmpty ? "" : " of \(rule.service)"))"
    } else {
      text += level
    }
    return StandardErrorLog.oneLine(text)
  }

  /// Four significant digits, which is more than a quantile over buckets is good for.
  static func number(_ value: Double) -> String {
    guard value.isFinite else { return FloatText.fixed(value) }
    let decimals = value.magnitude >= 1000 ? 0 : value.magnitude >= 100 ? 1 : value.magnitude >= 10 ? 2 : 3
    return FloatText.rounded(value, decimals: decimals)
  }

  /// The same with the rule's unit.
  static func number(_ value: Double, _ rule: AlertRule) -> String {
    rule.unit.isEmpty ? number(value) : "\(number(value)) \(rule.unit)"
  }

  static func writeHead(_ rule: AlertRule, to writer: inout JSONWriter) {
    RulesJSON.writeKey(rule.key, to: &writer)
    writer.optional("name", rule.name)
    writer.optional("kind", rule.kind.rawValue)
    RulesJSON.writeCondition(rule, to: &writer)
  }
}

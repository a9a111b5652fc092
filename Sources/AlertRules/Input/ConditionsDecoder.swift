import JSON
import Platform
import TraceQL

/// Reads `conditions_json`: what a rule watches and when it fires.
enum ConditionsDecoder {
  struct Conditions {
    let condition: RuleCondition
    let service: String
    let spanKinds: [WatchedKind]
    let minimumCalls: Threshold?
    let window: PromDuration
    let threshold: Threshold
    let places: RulePlaces.ConditionPlaces
    let positions: PositionMap
  }

  static func fields(of kind: RuleKind) -> [String] {
    switch kind {
    case .latency: ["service", "operation", "quantile", "window", "threshold_ms", "exact", "span_kind", "min_calls"]
    case .errorRate: ["service", "window", "operator", "threshold_pct", "span_kind", "min_calls"]
    case .callRate: ["service", "operation", "window", "operator", "threshold_per_second", "span_kind"]
    case .objective:
      ["service", "operation", "objective_pct", "period", "threshold_ms", "span_kind", "ticket_severity"]
    case .traceQL: ["query", "service", "window", "operator", "threshold"]
    }
  }

  /// The field that holds what the value is compared with.
  private static func thresholdField(of kind: RuleKind) -> String {
    switch kind {
    case .latency: "threshold_ms"
    case .errorRate: "threshold_pct"
    case .callRate: "threshold_per_second"
    case .objective: "objective_pct"
    case .traceQL: "threshold"
    }
  }

  static func decode(_ fields: inout ObjectFields, _ kind: RuleKind) -> Conditions? {
    let known = Self.fields(of: kind)
    fields.checkKeys(known, aliases: aliases(for: kind)) { MisplacedField.hint($0, kind) }
    if fields.member("service") == nil, kind != .traceQL { fields.missing("service") }
    let service = fields.member("service") == nil && kind == .traceQL ? "" : fields.text("service")
    let window = kind == .objective ? ServiceObjective.windows[0] : window(&fields)
    let operation = known.contains("operation") ? fields.text("operation") : nil
    let condition: RuleCondition? =
      switch kind {
      case .latency: latency(&fields, operation)
      case .errorRate: comparison(&fields).map { .errorRate($0) }
      case .callRate: comparison(&fields, default: .less).map { .callRate(operation: operation, $0) }
      case .objective: ObjectiveDecoder.decode(&fields, operation).map { .objective($0) }
      case .traceQL: traceQL(&fields)
      }
    let thresholdField = thresholdField(of: kind)
    let threshold: Threshold? =
      switch (kind, condition) {
      case (.objective, .objective(let objective)): objective.objective
      case (.objective, _): nil
      default: threshold(&fields, thresholdField, mayBeZero: kind == .callRate || kind == .traceQL)
      }
    let spanKinds = known.contains("span_kind") ? spanKinds(&fields) : []
    let countsCalls = known.contains("min_calls") && fields.member("min_calls") != nil
    let minimumCalls = countsCalls ? ConditionsDecoder.threshold(&fields, "min_calls") : nil
    guard let service, let window, let condition, let threshold, let spanKinds else { return nil }
    func place(_ name: String) -> Range<Int> { fields.member(name)?.value.range ?? fields.range }
    return Conditions(
      condition: condition, service: service, spanKinds: spanKinds, minimumCalls: minimumCalls, window: window,
      threshold: threshold,
      places: RulePlaces.ConditionPlaces(
        threshold: place(thresholdField), window: place("window"), comparison: place("operator"),
        service: place("service"), operation: place("operation"), spanKind: place("span_kind"), exact: place("exact"),
        latencyBound: place("threshold_ms")),
      positions: fields.positions)
  }

  private static func aliases(for kind: RuleKind) -> [String: String] {
    let threshold = thresholdField(of: kind)
    return [
      "service_name": "service", "service.name": "service", "span_name": "operation", "endpoint": "operation",
      "percentile": "quantile", "range": "window", "interval": "window", "op": "operator", "threshold": threshold,
      "value": threshold, "kind": "span_kind", "min_requests": "min_calls", "latency_ms": "threshold_ms",
      "error_rate_pct": "threshold_pct", "threshold_rps": "threshold_per_second", "objective": "objective_pct",
      "target": "objective_pct", "slo_period": "period", "time_window": "period", "traceql": "query", "q": "query",
    ]
  }

  private static func latency(_ fields: inout ObjectFields, _ operation: String?) -> RuleCondition? {
    let isExact = fields.flag("exact")
    return quantile(&fields).flatMap { quantile in
      isExact.map { .latency(operation: operation, quantile: quantile, isExact: $0) }
    }
  }

  private static func traceQL(_ fields: inout ObjectFields) -> RuleCondition? {
    let comparison = comparison(&fields)
    guard let member = fields.member("query") else {
      fields.missing("query")
      return nil
    }
    guard let text = fields.text(of: member) else { return nil }
    do throws(QueryError) {
      guard try Query(parsing: text).isMetrics else {
        fields.report(
          .traceQL, "the query finds spans and has no number to compare", member.value.range,
          suggestion: "end it in a metrics function such as | rate() or | quantile_over_time(duration, .95)")
        return nil
      }
    } catch {
      fields.report(.traceQL, "the query is not TraceQL: \(error.description)", member.value.range)
      return nil
    }
    return comparison.map { .traceQL(query: text, $0) }
  }

  private static func window(_ fields: inout ObjectFields) -> PromDuration? {
    guard let member = fields.member("window") else { return PromDuration("5m") }
    guard let window = duration(member, &fields) else { return nil }
    if window.milliseconds == 0 {
      fields.report(.zeroWindow, "the window is zero", member.value.range, suggestion: "the default is \"5m\"")
      return nil
    }
    return window
  }

  /// A duration as PromQL has it.
  static func duration(_ member: JSONMember, _ fields: inout ObjectFields) -> PromDuration? {
    let text: String
    switch member.value.content {
    case .string(let string):
      if let duration = PromDuration(string) { return duration }
      text = string
    case .number(let digits):
      let meant = PromDuration.suggestion(for: digits)?.text
      fields.wrongType(
        member, expected: "a duration in quotes", suggestion: meant.map { "seconds would be \(Quoting.text($0))" })
      return nil
    default:
      fields.wrongType(member, expected: "a duration such as \"5m\"")
      return nil
    }
    if ObjectFields.isBlank(text) {
      fields.report(.emptyValue, "\(Quoting.text(member.key)) is empty", member.value.range)
      return nil
    }
    let meant = PromDuration.suggestion(for: text)?.text
    fields.report(
      .duration, "\(Quoting.text(member.key)) \(Quoting.text(text)) is not a PromQL duration", member.value.range,
      suggestion: meant.map { "did you mean \(Quoting.text($0))?" }
        ?? "durations look like \"30s\", \"5m\" or \"1h30m\"",
      replacement: meant.map(Quoting.text),
      // Letters tell the unit; a number alone may be anything, and M may be months.
      isCertain: text.contains(where: \.isLetter) && text == text.lowercased())
    return nil
  }

  private static func quantile(_ fields: inout ObjectFields) -> Quantile? {
    guard let member = fields.member("quantile") else { return .p95 }
    let text: String
    switch member.value.content {
    case .string(let string): text = string
    case .number(let digits): text = digits
    default:
      fields.wrongType(member, expected: "\"p50\", \"p95\" or \"p99\"")
      return nil
    }
    if member.value.string != nil, let quantile = Quantile(rawValue: text) { return quantile }
    let meant = nearestQuantile(text)
    // The system that rows come from takes the number as well.
    if fields.isRow, let meant, Double(text) == Double(meant.number) { return meant }
    let shown = member.value.string == nil ? text : Quoting.text(text)
    fields.report(
      .quantile, "quantile \(shown) is not one of \"p50\", \"p95\" and \"p99\"", member.value.range,
      suggestion: meant.map { "did you mean \(Quoting.text($0.rawValue))?" },
      replacement: meant.map { Quoting.text($0.rawValue) }, isCertain: meant.map { isName(text, of: $0) } == true)
    return nil
  }

  /// Whether a text is another way to write a quantile, and not only near it.
  private static func isName(_ text: String, of quantile: Quantile) -> Bool {
    let percent = quantile.rawValue.dropFirst()
    let lowered = text.lowercased()
    return Double(text) == Double(quantile.number) || Double(text) == Double(percent)
      || ["p\(percent)", "q\(percent)", "\(percent)%", "p\(percent)%", "\(percent)th"].contains(lowered)
      || lowered == "median" && quantile == .p50
  }

  /// The quantile that `0.95`, `95`, `95%`, `P95` or `median` stands for; the nearest one for other numbers.
  private static func nearestQuantile(_ text: String) -> Quantile? {
    let lowered = text.lowercased().filter { !$0.isWhitespace }
    if lowered == "median" { return .p50 }
    var digits = Substring(lowered)
    if digits.hasPrefix("p") || digits.hasPrefix("q") { digits = digits.dropFirst() }
    if digits.hasSuffix("%") { digits = digits.dropLast() }
    if digits.hasSuffix("th") { digits = digits.dropLast(2) }
    if ["max", "maximum", "100", "1", "1.0"].contains(lowered) || digits.hasPrefix("99") && digits.count > 2 {
      return .p99
    }
    guard let number = Double(String(digits)), number > 0, number < 100 else { return nil }
    let percent = number < 1 ? number * 100 : number
    let distances = [(Quantile.p50, abs(percent - 50)), (.p95, abs(percent - 95)), (.p99, abs(percent - 99))]
    return distances.min { $0.1 < $1.1 }?.0
  }

  /// One kind or an array of them; none when the rule is about all. Nil where something is wrong.
  private static func spanKinds(_ fields: inout ObjectFields) -> [WatchedKind]? {
    guard let member = fields.member("span_kind") else { return [] }
    let values = member.value.elements ?? [member.value]
    var kinds: [WatchedKind] = []
    var isWhole = true
    for value in values {
      guard let text = value.string else {
        fields.wrongType(member, expected: "a kind of span, or an array of them")
        return nil
      }
      let plain = text.lowercased().replacing("span_kind_", with: "")
      if let kind = WatchedKind(rawValue: text) {
        if !kinds.contains(kind) { kinds.append(kind) }
        continue
      }
      isWhole = false
      let known = WatchedKind.allCases.map(\.rawValue)
      let written = WatchedKind(rawValue: plain)?.rawValue
      let meant = written ?? NearestName.of(plain, in: known)
      fields.report(
        .spanKind, "unknown span kind \(Quoting.text(text))", value.range,
        suggestion: meant.map { "did you mean \(Quoting.text($0))?" } ?? "known are \(known.joined(separator: ", "))",
        replacement: meant.map(Quoting.text), isCertain: written != nil)
    }
    if values.isEmpty { fields.report(.emptyValue, "\"span_kind\" names no kind", member.value.range) }
    return isWhole && !values.isEmpty ? kinds : nil
  }

  private static func comparison(
    _ fields: inout ObjectFields, default ordinary: ComparisonOperator = .greater
  ) -> ComparisonOperator? {
    guard let member = fields.member("operator") else { return ordinary }
    guard case .string(let text) = member.value.content else {
      fields.wrongType(member, expected: "a string")
      return nil
    }
    if let comparison = ComparisonOperator(rawValue: text) { return comparison }
    let meant: ComparisonOperator? =
      switch text.lowercased().filter({ !$0.isWhitespace }) {
      case ">", "gt", "above", "over", ">>": .greater
      case ">=", "=>", "≥", "gte", "ge": .greaterOrEqual
      case "<", "lt", "below", "under", "<<": .less
      case "<=", "=<", "≤", "lte", "le": .lessOrEqual
      case "==", "=", "===", "eq", "is": .equal
      case "!=", "<>", "≠", "ne", "neq", "!==": .notEqual
      default: nil
      }
    fields.report(
      .comparison, "unknown operator \(Quoting.text(text))", member.value.range,
      suggestion: meant.map { "did you mean \(Quoting.text($0.rawValue))?" } ?? "known are > >= < <= == !=",
      replacement: meant.map { Quoting.text($0.rawValue) }, isCertain: true)
    return nil
  }

  /// The number that a text such as `800`, `800ms`, `0.8s` or `5%` stands for in the unit of a field.
  private static func plainNumber(_ text: String, _ name: String) -> String? {
    let squeezed = text.filter { !$0.isWhitespace }
    if Array(squeezed.utf8).withByteView({ JSONNumber.double($0) }) != nil { return squeezed }
    if name == "threshold_ms", let duration = PromDuration.suggestion(for: squeezed), duration.milliseconds > 0 {
      return "\(duration.milliseconds)"
    }
    if name.hasSuffix("_pct"), squeezed.hasSuffix("%") {
      let digits = String(squeezed.dropLast())
      return Array(digits.utf8).withByteView { JSONNumber.double($0) } == nil ? nil : digits
    }
    return nil
  }

  /// A positive number, or where that says something zero.
  static func threshold(_ fields: inout ObjectFields, _ name: String, mayBeZero: Bool = false) -> Threshold? {
    guard let member = fields.member(name) else {
      fields.missing(name)
      return nil
    }
    guard case .number(let digits) = member.value.content else {
      let number = member.value.string.flatMap { plainNumber($0, name) }
      fields.wrongType(
        member, expected: "a number", suggestion: number.map { "write \($0) without quotes" }, replacement: number)
      return nil
    }
    guard let value = member.value.double, value > 0 || mayBeZero && value == 0, value.isFinite else {
      let problem: String
      if let value = member.value.double, value.isInfinite {
        problem = "is too large"
      } else {
        problem = (member.value.double ?? 0) < 0 ? "is negative" : "is zero"
      }
      fields.report(
        .threshold,
        "\(Quoting.text(name)) must be a \(mayBeZero ? "" : "positive ")finite number, but \(digits) \(problem)",
        member.value.range)
      return nil
    }
    return Threshold(text: digits, value: value)
  }
}

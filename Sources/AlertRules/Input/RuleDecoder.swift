import Backends
import JSON
import Platform

/// Turns one rule object into an `AlertRule`.
struct RuleDecoder {
  static let fields = [
    "kind", "scope_type", "scope", "conditions_json", "rule_key", "name", "severity", "labels", "runbook_url", "for",
    "for_seconds", "keep_firing_for", "interval", "annotations", "ongrid:ignore",
  ]

  private static let aliases = [
    "conditions": "conditions_json", "condition": "conditions_json", "spec": "conditions_json", "key": "rule_key",
    "id": "rule_key", "runbook": "runbook_url", "level": "severity", "priority": "severity", "title": "name",
    "type": "kind", "ignore": "ongrid:ignore",
  ]

  let source: RuleSource
  let index: Int
  /// The label that holds the service's name, which a scope must not set again.
  let serviceLabel: String
  /// Whether the object is a row of the system that rules come from.
  let isRow: Bool
  private(set) var diagnostics: [Diagnostic] = []

  init(source: RuleSource, index: Int, serviceLabel: String, isRow: Bool = false) {
    self.isRow = isRow
    self.source = source
    self.index = index
    self.serviceLabel = serviceLabel
  }

  /// The rule; nil when an error was found, which `diagnostics` then holds.
  mutating func decode(_ members: [JSONMember], range: Range<Int>) -> AlertRule? {
    var fields = ObjectFields(
      members, what: isRow ? "the row" : "the rule", range: range, positions: .identity, source: index, isRow: isRow)
    defer { diagnostics += fields.diagnostics }
    // Fields of a foreign rule are none of our business.
    let isForeign = fields.member("kind")?.value.string.map(RuleKind.isForeign) ?? false
    if !isForeign, !isRow {
      fields.checkKeys(RuleDecoder.fields, aliases: RuleDecoder.aliases, hint: MisplacedField.outside)
    }
    guard let kind = RuleDecoder.kind(&fields) else { return nil }
    let conditions = RuleDecoder.conditions(&fields, kind, source)
    let (scopeType, scope) = scope(&fields)
    let key = fields.text("rule_key")
    let name = fields.text("name")
    let severity = fields.text("severity")
    let labelsField = isRow && fields.member("labels") == nil ? "labels_json" : "labels"
    let labels = fields.labels(labelsField, in: source.bytes) { name in
      if name == "alertname" { return "is set to the rule's name" }
      return LabelName.isReserved(name) ? "is reserved for Prometheus" : nil
    }
    RuleDecoder.checkSeverity(&fields, severity, labels)
    let annotationsField = isRow && fields.member("annotations") == nil ? "annotations_json" : "annotations"
    let annotations = fields.labels(annotationsField, in: source.bytes) { _ in nil }
    let runbook = fields.text("runbook_url")
    let holdFor = RuleDecoder.holdFor(&fields)
    let keepFiringFor = fields.member("keep_firing_for").flatMap { ConditionsDecoder.duration($0, &fields) }
    let interval = RuleDecoder.interval(&fields)
    if kind == .traceQL, key == nil, name == nil {
      fields.report(
        .missingField, "a traceql_metrics has neither \"rule_key\" nor \"name\"",
        range.lowerBound..<(range.lowerBound + 1),
        suggestion: "its samples are recorded under that name")
    }
    let ignored = RuleDecoder.ignored(&fields)
    guard let conditions, fields.diagnostics.isEmpty else { return nil }
    return AlertRule(
      condition: conditions.condition, service: conditions.service, spanKinds: conditions.spanKinds,
      minimumCalls: conditions.minimumCalls, window: conditions.window, threshold: conditions.threshold,
      scope: scopeType == "global" ? [] : scope, scopeType: scopeType, key: key,
      name: name, severity: kind == .objective ? severity ?? "page" : severity, labels: labels ?? [],
      annotations: annotations ?? [], runbookURL: runbook, holdFor: holdFor, keepFiringFor: keepFiringFor,
      interval: interval, ignored: ignored, source: index,
      places: RulePlaces(
        rule: range, conditions: conditions.places, positions: conditions.positions,
        scope: fields.member("scope")?.value.range, key: fields.member("rule_key")?.value.range,
        labels: fields.member(labelsField)?.value.range,
        annotations: fields.member(annotationsField)?.value.range, severity: fields.member("severity")?.value.range,
        hold: (fields.member("for") ?? fields.member("for_seconds"))?.value.range,
        runbook: fields.member("runbook_url")?.value.range))
  }

  private static func kind(_ fields: inout ObjectFields) -> RuleKind? {
    guard let member = fields.member("kind") else {
      fields.missing("kind")
      return nil
    }
    guard let text = fields.text(of: member) else { return nil }
    if let kind = RuleKind(rawValue: text) { return kind }
    let known = RuleKind.allCases.map(\.rawValue)
    if RuleKind.isForeign(text) {
      fields.report(
        .foreignKind, "\(Quoting.text(text)) is not a trace rule", member.value.range,
        suggestion: "trace rules are \(RuleKind.list)")
      return nil
    }
    let nearest = NearestName.of(text, in: known) ?? RuleKind.meant(by: text)?.rawValue
    fields.report(
      .unknownKind, "unknown kind \(Quoting.text(text))", member.value.range,
      suggestion: nearest.map { "did you mean \(Quoting.text($0))?" }
        ?? "known are \(RuleKind.list)",
      replacement: nearest.map(Quoting.text))
    return nil
  }

  /// The conditions, from an object or from a string that holds one.
  private static func conditions(
    _ fields: inout ObjectFields, _ kind: RuleKind, _ source: RuleSource
  ) -> ConditionsDecoder.Conditions? {
    let name = fields.isRow && fields.member("conditions_json") == nil ? "spec" : "conditions_json"
    guard let member = fields.member(name) else {
      fields.missing("conditions_json")
      return nil
    }
    guard let (value, positions) = fields.embedded(member, in: source.bytes) else { return nil }
    guard let members = value.members else {
      let twice = value.string != nil ? "it is encoded as a string twice" : nil
      fields.report(
        .wrongType, "\"conditions_json\" must be an object or a string that holds one, not \(value.kindName)",
        positions.outer(value.range), suggestion: twice)
      return nil
    }
    var inner = ObjectFields(
      members, what: name, range: value.range, positions: positions, source: fields.source, isRow: fields.isRow)
    let conditions = ConditionsDecoder.decode(&inner, kind)
    fields.add(inner.diagnostics)
    return conditions
  }

  private func scope(_ fields: inout ObjectFields) -> (type: String, labels: [Label]) {
    let type = fields.member("scope_type") == nil ? "global" : fields.text("scope_type")
    let labels = fields.labels("scope", in: source.bytes) { name in
      switch name {
      case serviceLabel: "holds the service of the rule"
      case "span_name": "holds the operation of the rule"
      case "le", "status_code": "is set by the rule itself"
      default: LabelName.isReserved(name) ? "is reserved for Prometheus" : nil
      }
    }
    guard let type else { return ("", []) }
    // A row's scope type says whose alerts these are; its rules are evaluated without it.
    if isRow, labels == nil { return (type, []) }
    if type != "global", let place = fields.member("scope_type")?.value.range {
      let almost = type.lowercased() == "global"
      let example = #""scope":{"\#(LabelName.sanitized(type))_id":"…"}"#
      if fields.member("scope") == nil {
        if fields.isProbable("scope") { return (type, []) }
        fields.report(
          .missingScope, "scope type \(Quoting.text(type)) needs an object \"scope\" of label values", place,
          suggestion: almost ? "did you mean \"global\"?" : "add \(example)",
          replacement: almost ? "\"global\"" : nil, isCertain: true)
      } else if let labels, labels.isEmpty, let scope = fields.member("scope")?.value.range {
        fields.report(.emptyValue, "\"scope\" names no label", scope, suggestion: "add \(example)")
      }
    }
    return (type, labels ?? [])
  }

  private static func checkSeverity(_ fields: inout ObjectFields, _ severity: String?, _ labels: [Label]?) {
    guard let severity, let other = labels?.first(where: { $0.name == "severity" }), other.value != severity,
      let place = fields.member("labels")?.value.members?.first(where: { $0.key == "severity" })
    else { return }
    fields.report(
      .conflict, "label \"severity\" is \(Quoting.text(other.value)), the rule's severity is \(Quoting.text(severity))",
      place.value.range, suggestion: "keep one of the two")
  }

  private static func holdFor(_ fields: inout ObjectFields) -> PromDuration? {
    let seconds = forSeconds(&fields)
    guard let member = fields.member("for") else { return seconds }
    if let other = fields.member("for_seconds") {
      fields.report(
        .conflict, "both \"for\" and \"for_seconds\" are given", other.keyRange, suggestion: "keep one of the two")
    }
    return ConditionsDecoder.duration(member, &fields)
  }

  private static func interval(_ fields: inout ObjectFields) -> PromDuration? {
    guard let member = fields.member("interval"), let interval = ConditionsDecoder.duration(member, &fields) else {
      return nil
    }
    guard interval.milliseconds > 0 else {
      fields.report(
        .duration, "\"interval\" is zero", member.value.range, suggestion: "leave it out for the server's own")
      return nil
    }
    return interval
  }

  private static func forSeconds(_ fields: inout ObjectFields) -> PromDuration? {
    guard let member = fields.member("for_seconds") else { return nil }
    guard case .number(let digits) = member.value.content else {
      let number = member.value.string.flatMap { Int64($0) }
      fields.wrongType(
        member, expected: "a number", suggestion: number.map { "write \($0) without quotes" },
        replacement: number.map { "\($0)" })
      return nil
    }
    guard let value = member.value.double, value >= 0, value <= 9_000_000_000, value == value.rounded() else {
      fields.report(.duration, "\"for_seconds\" \(digits) is not a whole number of seconds", member.value.range)
      return nil
    }
    return PromDuration(milliseconds: Int64(value) * 1000)
  }

  private static func ignored(_ fields: inout ObjectFields) -> Set<DiagnosticCode> {
    guard let member = fields.member("ongrid:ignore") else { return [] }
    guard let elements = member.value.elements else {
      let suggestion = member.value.string.map { "write [\(Quoting.text($0))]" }
      fields.wrongType(member, expected: "an array of codes", suggestion: suggestion)
      return []
    }
    var codes: Set<DiagnosticCode> = []
    let silenceable = DiagnosticCode.allCases.filter(\.canBeSilenced)
    for element in elements {
      guard let text = element.string else {
        fields.report(.wrongType, "a code must be a string, not \(element.kindName)", element.range)
        continue
      }
      if let code = DiagnosticCode(rawValue: text), code.canBeSilenced {
        codes.insert(code)
      } else if DiagnosticCode(rawValue: text) != nil {
        fields.report(
          .unknownCode, "\(text) is an error and cannot be ignored", element.range,
          suggestion: "only warnings, from OG101, can be")
      } else {
        let nearest = NearestName.of(text, in: silenceable.map(\.rawValue))
        fields.report(
          .unknownCode, "there is no code \(Quoting.text(text))", element.range,
          suggestion: nearest.map { "did you mean \(Quoting.text($0))?" }, replacement: nearest.map(Quoting.text))
      }
    }
    return codes
  }
}

/// Why a query found nothing, as far as the traces tell.
public enum EmptyAnswer {
  /// More reasons than these are not given.
  private static let most = 4

  /// Reasons, one a line; none where the query may simply be right.
  ///
  /// - Parameter range: What was asked for, where a range was.
  public static func reasons(for query: Query, _ census: AttributeCensus, range: TimeRange?) -> [String] {
    if let range, let times = census.times, times.upperBound < range.start || times.lowerBound > range.end {
      return ["all spans lie \(times.upperBound < range.start ? "before" : "after") the time range that was asked for"]
    }
    if census.spans == 0 { return [] }
    return Array(query.queriedAttributes.compactMap { reason($0, census) }.prefix(most))
  }

  /// What there is in place of the attribute; nil where it is as the query has it.
  private static func reason(_ wanted: QueriedAttribute, _ census: AttributeCensus) -> String? {
    if let seen = census.found(wanted.name, in: wanted.scope) { return mismatch(wanted, seen) }
    if wanted.mayBeAbsent { return nil }
    let missing = "nothing has \(wanted.text)"
    let (others, areNewer) = RenamedAttributes.others(for: wanted.name)
    for other in others {
      let scopes = census.scopes(of: other)
      guard let scope = scopes.first(where: { $0 == wanted.scope }) ?? scopes.first else { continue }
      let instead = Attribute.named(scope, other)
      return "\(missing), but \(count(census.found(other, in: scope), scope)) \(instead), "
        + "its \(areNewer ? "newer" : "older") name"
    }
    if let scope = census.scopes(of: wanted.name).first {
      let instead = Attribute.named(scope, wanted.name)
      return "\(missing), but \(count(census.found(wanted.name, in: scope), scope)) \(instead)"
    }
    if let intrinsic = Suggestion.intrinsic(named: wanted.name, in: wanted.scope) {
      return "\(missing); what every span has is written \(intrinsic)"
    }
    return census.spans == nil && wanted.scope == .any ? nil : missing
  }

  /// Why an attribute that is there equals no constant it is compared with: its values are of another type.
  private static func mismatch(_ wanted: QueriedAttribute, _ seen: AttributeCensus.Seen) -> String? {
    guard !wanted.constants.isEmpty, seen.types.count == 1, let type = seen.types.first?.key,
      let constant = wanted.constants.first, !wanted.constants.contains(where: { agrees($0, with: type) })
    else { return nil }
    var text = "\(wanted.text) is \(type) wherever it is, and \(constant) is \(constant.type.noun)"
    if case .string(let quoted) = constant, agrees(quoted: quoted, with: type) { text += ": leave out the quotes" }
    if type == ValueType.string.noun, constant.number != nil || constant.type == .boolean {
      text += ": write \"\(constant)\""
    }
    return text
  }

  private static func agrees(_ constant: Literal, with type: String) -> Bool {
    switch type {
    case ValueType.int.noun, ValueType.float.noun: constant.type.isNumeric
    case ValueType.string.noun: constant.type == .string
    case ValueType.boolean.noun: constant.type == .boolean
    // Lists are compared with what is in them; of maps and bytes the language knows nothing.
    case "a list": true
    default: false
    }
  }

  private static func agrees(quoted: String, with type: String) -> Bool {
    switch type {
    case ValueType.int.noun, ValueType.float.noun: Double(quoted) != nil
    case ValueType.boolean.noun: quoted == "true" || quoted == "false"
    default: false
    }
  }

  private static func count(_ seen: AttributeCensus.Seen?, _ scope: AttributeScope) -> String {
    let noun = scope == .instrumentation ? "scope" : scope.rawValue
    guard let count = seen?.count else { return "there is" }
    return "\(count) \(noun)\(count == 1 ? " has" : "s have")"
  }
}

extension Suggestion {
  /// The intrinsic that is meant where an attribute has its name: `span.status` for `status`.
  static func intrinsic(named name: String, in scope: AttributeScope) -> String? {
    if Intrinsic.scoped[scope.rawValue]?[name] != nil { return "\(scope.rawValue):\(name)" }
    guard scope == .any || scope == .span || scope == .resource else { return nil }
    return otherScope(of: name)
  }
}

extension SearchResult {
  /// Whether it says nothing.
  public var isEmpty: Bool { traces.isEmpty }
}

extension MetricsResult {
  /// Whether it says nothing: no series, only zeros, or groups of which none has a name.
  public var isEmpty: Bool {
    series.allSatisfy { series in
      series.values.allSatisfy { $0 == 0 || $0.isNaN }
        || !series.labels.isEmpty && series.labels.allSatisfy { $0.value == .missing }
    }
  }
}

import JSON

/// The shapes in which the system that rules come from stores and serves them: rows with columns that say nothing about
/// the expression, and lists of rows.
enum RuleRow {
  /// Columns that only rows have; `enabled` and `id`, which people write into rules of their own, are not among them.
  private static let columns: Set<String> = [
    "annotations_json", "created_at", "deleted_at", "join_mode", "labels_json",
    "notify_channel_ids", "notify_channel_ids_json", "notify_min_fires", "notify_window_seconds", "source_type",
    "updated_at",
  ]

  /// Whether an object is a row.
  static func isRow(_ members: [JSONMember]) -> Bool {
    if members.contains(where: { columns.contains($0.key) }) { return true }
    return ["enabled", "spec"].allSatisfy { name in members.contains { $0.key == name } }
  }

  /// The rows of a list such as `{"items":[…],"total":1}`; nil when the object is none.
  static func list(in members: [JSONMember]) -> [JSONValue]? {
    guard !members.contains(where: { $0.key == "kind" }) else { return nil }
    return members.first { ["items", "alert_rules", "rules"].contains($0.key) }?.value.elements
  }
}

/// Rows that are no rules to compile, with what is said about them: one note a kind.
struct PassedOver {
  private var kinds: [(name: String, count: Int, range: Range<Int>)] = []
  private var disabled = 0
  private var firstDisabled: Range<Int>?

  /// Whether `row` is not to be compiled; it is counted then.
  mutating func take(_ row: JSONValue) -> Bool {
    // A row without a kind is one of the system's first, which were all about metrics.
    let kind = row["kind"]?.string ?? ""
    if kind.isEmpty || RuleKind.isForeign(kind) {
      let range = row["kind"]?.range ?? row.range.lowerBound..<(row.range.lowerBound + 1)
      if let known = kinds.firstIndex(where: { $0.name == kind }) {
        kinds[known].count += 1
      } else {
        kinds.append((kind, 1, range))
      }
      return true
    }
    guard case .bool(false)? = row["enabled"]?.content else { return false }
    disabled += 1
    firstDisabled = firstDisabled ?? row["enabled"]?.range
    return true
  }

  /// What was passed over in the text with index `source`.
  func notes(source: Int) -> [Diagnostic] {
    var notes = kinds.map { kind in
      let what = kind.count == 1 ? "a rule" : "\(kind.count) rules"
      let name = kind.name.isEmpty ? "without a kind" : "of kind \(Quoting.text(kind.name))"
      let former = RuleKind.legacy.contains(kind.name) ? ", a former name of \"metric_raw\"" : ""
      return Diagnostic(
        .passedOver, "\(what) \(name)\(former) passed over: not about traces", source: source, range: kind.range)
    }
    if disabled > 0 {
      let what = disabled == 1 ? "a disabled rule" : "\(disabled) disabled rules"
      notes.append(Diagnostic(.disabledRow, "\(what) passed over", source: source, range: firstDisabled))
    }
    return notes
  }
}

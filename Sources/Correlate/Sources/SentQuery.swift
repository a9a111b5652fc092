public import Platform

/// A query as it was sent, so that a reader can run it again.
public struct SentQuery: Sendable {
  /// `prometheus`, `loki`, `tempo` or `files`.
  public var source: String
  /// What it is for; its answer has the same name in the panels.
  public var name: String
  /// The path of the server's API.
  public var path: String
  public var query: String
  public var start: Timestamp?
  public var end: Timestamp?
  /// Nanoseconds between samples.
  public var step: Int64?
}

/// What a source answered: its panel, as far as it goes, and what failed.
struct SourceOutcome<Panel: Sendable>: Sendable {
  var panel: Panel
  var queries: [SentQuery] = []
  /// Failures by the query's name.
  var failures: [(name: String, reason: String)] = []
  /// Whether any query was answered.
  var answered = false
  /// Nanoseconds from the first request to the last answer.
  var elapsed: Int64 = 0

  /// Why the source is missing, wholly or in part; nil when nothing failed.
  var skipReason: String? {
    guard let first = failures.first else { return nil }
    let reasons = Set(failures.map(\.reason))
    if !answered || reasons.count == 1 && failures.count > 1 {
      return answered ? "\(failures.map(\.name).joined(separator: ", ")): \(first.reason)" : first.reason
    }
    return failures.map { "\($0.name): \($0.reason)" }.joined(separator: "; ")
  }
}

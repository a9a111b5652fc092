import JSON
import Platform
import TraceFormats
import TraceQL

/// Says on standard error why a query found nothing, where the traces tell: a renamed attribute, another scope or type, a
/// time range beside them.
enum NothingFound {
  /// Reads files once more. What came through a pipe is gone, and nothing is said then.
  static func explain(
    _ query: Query, _ input: TraceInput, paths: [String], _ options: TraceInputOptions, range: TimeRange?, _ log: Log
  ) {
    guard input.totalBytes != nil, log.level <= .info else { return }
    var options = options
    options.skipsBad = true
    guard let again = try? TraceInput(paths, options: options) else { return }
    say(EmptyAnswer.reasons(for: query, AttributeCensus(for: query, reading: again), range: range), log)
  }

  /// From a store's list of the names that it has, in Tempo's shape.
  static func explain(_ query: Query, names answer: JSONValue, _ log: Log) {
    let names = (answer["scopes"]?.elements ?? []).map { scope in
      (scope: scope["name"]?.string ?? "", names: (scope["tags"]?.elements ?? []).compactMap(\.string))
    }
    // A store that lists nothing has nothing, or does not tell.
    guard names.contains(where: { !$0.names.isEmpty && $0.scope != "intrinsic" }) else { return }
    say(EmptyAnswer.reasons(for: query, AttributeCensus(for: query, names: names), range: nil), log)
  }

  private static func say(_ reasons: [String], _ log: Log) {
    for reason in reasons { log.info("nothing found: \(reason)") }
  }
}

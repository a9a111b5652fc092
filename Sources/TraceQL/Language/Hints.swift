/// What `with(…)` asks for.
extension Query {
  /// The most exemplars that `with(exemplars=…)` asks for; 0 without it. `true` asks for as many as Tempo's default.
  var exemplars: Int {
    for hint in hints.reversed() where hint.name == "exemplars" {
      switch hint.value {
      case .int(let count): return max(0, min(count, 100_000))
      case .bool(let isWanted): return isWanted ? 100 : 0
      default: continue
      }
    }
    return 0
  }

  /// Hints that change nothing where a query is evaluated here. Sampling hints are none of them: they allow an estimate, and
  /// an exact answer is one. Neither is `most_recent`, since the latest traces are always those that are shown.
  public var hintsWithoutEffect: [String] {
    let known = ["exemplars", "most_recent", "sample", "span_sample", "trace_sample"]
    return hints.map(\.name).filter { !known.contains($0) }
  }
}

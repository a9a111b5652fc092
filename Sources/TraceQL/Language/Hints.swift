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
}

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

  /// What the hints do not do where the query is evaluated here and not by a Tempo, one line each; none for those that are
  /// followed.
  public var hintsWithoutEffect: [String] {
    hints.compactMap { hint in
      switch hint.name {
      case "exemplars" where isMetrics:
        switch hint.value {
        case .int, .bool: return nil
        default: return "with(exemplars=\(hint.value)) has no effect: a number, true or false is expected"
        }
      case "exemplars": return "with(exemplars=…) has no effect on a search, only on series"
      case "most_recent":
        // The latest traces come first in any case.
        return isMetrics || hint.value == .bool(false)
          ? "with(most_recent=\(hint.value)) has no effect: a search gives the latest traces anyway" : nil
      case "sample", "span_sample", "trace_sample", "extrapolate":
        return "with(\(hint.name)=…) has no effect here: every span is counted"
      case "job_size", "time_overlap_cutoff", "concurrent_blocks", "debug", "info", "debug_return_in",
        "debug_std_dev", "debug_data_factor", "skip_ast_transformations", "spanonly_fetch":
        return "with(\(hint.name)=…) has no effect here: it is about how a Tempo works"
      default:
        let meant = Suggestion.nearest(to: hint.name, in: Query.knownHints).map { ", did you mean \($0)?" } ?? ""
        return "with(\(hint.name)=…) has no effect: there is no such hint\(meant)"
      }
    }
  }

  private static let knownHints = ["exemplars", "most_recent", "sample", "span_sample", "trace_sample"]
}

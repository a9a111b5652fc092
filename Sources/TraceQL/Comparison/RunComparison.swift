/// Two runs of a system, operation by operation: what changed from the one to the other.
public struct RunComparison: Sendable {
  /// An operation in one of the runs.
  public struct Figures: Sendable, Equatable {
    public var calls = 0
    public var errors = 0
    /// Errors of calls none of whose children failed.
    public var origins = 0
    /// Of its calls' durations, ns.
    public var median: Int64 = 0
    /// What 95 of 100 calls do not exceed, ns.
    public var percentile95: Int64 = 0
    /// Time in which no child ran, of all calls together, ns.
    public var ownTime: Int64 = 0

    /// The part of calls that failed, 0 to 1.
    public var errorShare: Double { calls > 0 ? Double(errors) / Double(calls) : 0 }
  }

  /// What of an operation is compared.
  public enum Measure: String, CaseIterable, Sendable {
    case calls, errors, duration, ownTime = "own_time"
  }

  /// An operation before and after.
  public struct Change: Sendable {
    public let operation: ServiceOperation
    public let before: Figures
    public let after: Figures
    /// ns of own time that a trace spends more in it than before.
    public let ownTimePerTrace: Double
    /// The part of all changes of own time, or of failures that begin here, which is this one's; 0 to 1.
    public let share: Double
    /// How likely chance alone shows a change as large as this somewhere, for what changed; empty where nothing is tested.
    public let probabilities: [Measure: Double]

    public var isAdded: Bool { before.calls == 0 }
    public var isRemoved: Bool { after.calls == 0 }

    /// Whether chance is no likely reason for a change.
    public func isSignificant(_ measure: Measure) -> Bool { (probabilities[measure] ?? 1) <= RunComparison.level }

    /// Whether anything changed that chance is no likely reason for.
    public var isSignificant: Bool { Measure.allCases.contains { isSignificant($0) } }

    /// Whether it got worse, and not by chance: it takes longer itself or altogether, or fails more often.
    public var isRegression: Bool {
      isSignificant(.errors) && after.errorShare > before.errorShare || isSlower(.duration) || isSlower(.ownTime)
    }

    private func isSlower(_ measure: Measure) -> Bool { isSignificant(measure) && directions[measure] == true }

    /// Whether what is significant went up.
    let directions: [Measure: Bool]
  }

  /// A change is taken for one when chance would show such a change anywhere in fewer of a hundred comparisons.
  public static let level = 0.01
  /// With fewer traces in a run nothing can be told from chance.
  public static let fewestTraces = 5

  /// What chance does not explain first, then by how much of the whole change each is.
  public let changes: [Change]
  public let addedEdges: [OperationRecording.Edge]
  public let removedEdges: [OperationRecording.Edge]
  /// Whether there were traces enough to tell changes from chance.
  public let isTested: Bool

  public init(_ before: OperationRecording, _ after: OperationRecording) {
    addedEdges = after.edges.keys.filter { before.edges[$0] == nil }.sorted()
    removedEdges = before.edges.keys.filter { after.edges[$0] == nil }.sorted()
    isTested = min(before.traces, after.traces) >= RunComparison.fewestTraces
    let operations = Set(before.operations).union(after.operations).sorted()
    let figures = (before.figures, after.figures)
    let tested = isTested ? Resampling(before, after, operations).outcomes : [:]
    let perTrace = (1 / Double(max(1, before.traces)), 1 / Double(max(1, after.traces)))
    var drafts: [(operation: ServiceOperation, before: Figures, after: Figures, own: Double, failures: Double)] = []
    for operation in operations {
      let (old, new) = (figures.0[operation] ?? Figures(), figures.1[operation] ?? Figures())
      drafts.append(
        (
          operation, old, new, Double(new.ownTime) * perTrace.1 - Double(old.ownTime) * perTrace.0,
          Double(new.origins) * perTrace.1 - Double(old.origins) * perTrace.0
        ))
    }
    let allOwn = drafts.reduce(0) { $0 + abs($1.own) }
    let allFailures = drafts.reduce(0) { $0 + abs($1.failures) }
    changes = drafts.map { draft in
      let outcome = tested[draft.operation]
      let isFailing = (outcome?[.errors]?.probability ?? 1) <= RunComparison.level
      // Where failures changed by chance only they explain nothing.
      let share = max(
        allOwn > 0 ? abs(draft.own) / allOwn : 0,
        allFailures > 0 && (isFailing || !tested.isEmpty == false) ? abs(draft.failures) / allFailures : 0)
      return Change(
        operation: draft.operation, before: draft.before, after: draft.after, ownTimePerTrace: draft.own, share: share,
        probabilities: outcome?.mapValues(\.probability) ?? [:], directions: outcome?.mapValues(\.isUp) ?? [:])
    }.sorted { a, b in
      (a.isSignificant ? 0 : 1, -a.share, a.operation) < (b.isSignificant ? 0 : 1, -b.share, b.operation)
    }
  }

  /// What got worse, and not by chance.
  public var regressions: [Change] { changes.filter(\.isRegression) }
}

extension OperationRecording {
  /// The figures of each operation.
  var figures: [ServiceOperation: RunComparison.Figures] {
    var figures = [RunComparison.Figures](repeating: .init(), count: operations.count)
    for call in calls {
      let place = Int(call.operation)
      figures[place].calls += 1
      figures[place].errors += call.isError ? 1 : 0
      figures[place].origins += call.isOrigin ? 1 : 0
      figures[place].ownTime = figures[place].ownTime.addingReportingOverflow(call.ownTime).partialValue
    }
    // The durations of an operation side by side.
    var next: [Int] = []
    var first = 0
    for operation in figures {
      next.append(first)
      first += operation.calls
    }
    var durations = [Int64](repeating: 0, count: calls.count)
    for call in calls {
      durations[next[Int(call.operation)]] = call.duration
      next[Int(call.operation)] += 1
    }
    durations.withUnsafeMutableBufferPointer { durations in
      for place in operations.indices {
        let own = UnsafeMutableBufferPointer(rebasing: durations[(next[place] - figures[place].calls)..<next[place]])
        figures[place].median = own.quantile(50)
        figures[place].percentile95 = own.quantile(95)
      }
    }
    return Dictionary(uniqueKeysWithValues: zip(operations, figures))
  }
}

extension Array<Int64> {
  /// What `percent` of 100 values do not exceed, 0 without any. The values change places.
  mutating func quantile(_ percent: Int) -> Int64 { withUnsafeMutableBufferPointer { $0.quantile(percent) } }
}

extension UnsafeMutableBufferPointer<Int64> {
  /// As of an array.
  func quantile(_ percent: Int) -> Int64 {
    if isEmpty { return 0 }
    let wanted = Swift.min(count - 1, Swift.max(0, (count * percent + 99) / 100 - 1))
    var (low, high) = (0, count - 1)
    // Quickselect; the middle of three as pivot, so that what is sorted already costs no more.
    while low < high {
      let middle = low + (high - low) / 2
      let (a, b) = (Swift.min(self[low], self[high]), Swift.max(self[low], self[high]))
      let pivot = Swift.max(a, Swift.min(b, self[middle]))
      var (left, right) = (low, high)
      while left <= right {
        while self[left] < pivot { left += 1 }
        while self[right] > pivot { right -= 1 }
        if left <= right {
          swapAt(left, right)
          left += 1
          right -= 1
        }
      }
      if wanted <= right {
        high = right
      } else if wanted >= left {
        low = left
      } else {
        break
      }
    }
    return self[wanted]
  }
}

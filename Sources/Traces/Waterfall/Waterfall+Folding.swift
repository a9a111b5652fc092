extension Waterfall {
  /// Which spans get a row of their own; the others are folded into counted ones, but for those that lead to one.
  public struct Folding: Sendable {
    public enum Only: Sendable {
      /// Spans that failed.
      case errors
      /// Spans that the trace waited for.
      case critical
      /// Both.
      case telling
    }

    /// Nanoseconds; spans that took less are folded.
    public var below: Int64
    /// How many levels are shown.
    public var maximumDepth: Int
    public var only: Only?

    public init(below: Int64 = 0, maximumDepth: Int = .max, only: Only? = nil) {
      self.below = below
      self.maximumDepth = maximumDepth
      self.only = only
    }

    /// Every span gets a row.
    public static let none = Folding()

    fileprivate func keeps(_ span: TraceSpan, isCritical: Bool) -> Bool {
      guard span.duration >= below else { return false }
      switch only {
      case nil: return true
      case .errors: return span.isError
      case .critical: return isCritical
      case .telling: return span.isError || isCritical
      }
    }
  }

  /// Spans that one row stands for.
  public struct Fold: Sendable, Equatable {
    public var spans = 0
    public var errors = 0
    /// Of the longest, nanoseconds.
    public var longest: Int64 = 0

    mutating func add(_ other: Fold) {
      spans += other.spans
      errors += other.errors
      longest = max(longest, other.longest)
    }
  }

  /// What folding leaves of each span.
  struct Folded {
    /// Whether a span gets a row.
    private(set) var isShown: [Bool]
    /// What a span and all below it would fold to.
    private(set) var whole: [Fold]

    init(_ trace: Trace, _ folding: Folding, isCritical: (Int) -> Bool) {
      isShown = [Bool](repeating: false, count: trace.spans.count)
      whole = [Fold](repeating: Fold(), count: trace.spans.count)
      var depths = [Int](repeating: 0, count: trace.spans.count)
      for span in trace.tree.order.lazy.map(Int.init) {
        if let parent = trace.parent(of: span) { depths[span] = depths[parent] + 1 }
      }
      for span in trace.tree.order.reversed().lazy.map(Int.init) {
        let record = trace.spans[span]
        whole[span].add(Fold(spans: 1, errors: record.isError ? 1 : 0, longest: record.duration))
        if folding.keeps(record, isCritical: isCritical(span)) { isShown[span] = true }
        // What leads to a span that is shown is shown too.
        if let parent = trace.parent(of: span) {
          whole[parent].add(whole[span])
          if isShown[span] { isShown[parent] = true }
        }
        if depths[span] >= folding.maximumDepth { isShown[span] = false }
      }
    }
  }
}

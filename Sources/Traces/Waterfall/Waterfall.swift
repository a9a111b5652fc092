/// A trace laid out for drawing: a row for each span, children below their parents, and where its bar lies in time.
public struct Waterfall: Sendable {
  /// A line of the drawing.
  public struct Row: Sendable {
    /// Its place in the trace's spans; of a fold, that of the first.
    public let span: Int
    /// The spans that it stands for when it is no single one.
    public let fold: Fold?
    /// How many ancestors it has in the trace.
    public let depth: Int
    /// Whether it is the last child of its parent.
    public let isLast: Bool
    /// Bit `n` tells whether the ancestor at depth `n + 1` has children further down, up to depth 64.
    public let openLevels: UInt64
  }

  /// What a bar shows in one column.
  public enum Cell: Sendable {
    case outside, running
    /// The whole trace waited for this span itself.
    case critical
  }

  public let trace: Trace
  /// Depth first.
  public let rows: [Row]
  /// From the span that stands for the trace.
  public let criticalPath: CriticalPath
  /// Where the axis begins and ends, Unix nanoseconds.
  public let start: Int64
  public let end: Int64
  /// The critical stretches of each span.
  private let stretches: [Int: [Range<Int64>]]

  public init(_ trace: Trace, _ folding: Folding = .none) {
    self.trace = trace
    criticalPath = CriticalPath(of: trace, from: trace.tree.top ?? 0)
    start = trace.start
    end = max(start, trace.end)
    var stretches: [Int: [Range<Int64>]] = [:]
    for stretch in criticalPath.stretches { stretches[stretch.span, default: []].append(stretch.time) }
    self.stretches = stretches
    rows = Waterfall.rows(of: trace, Folded(trace, folding) { stretches[$0] != nil })
  }

  private static func rows(of trace: Trace, _ folded: Folded) -> [Row] {
    /// Those of some siblings that are shown, and one row for all others.
    func shown(_ spans: some Sequence<Int>) -> (spans: [Int], fold: (first: Int, spans: Fold)?) {
      var shown: [Int] = []
      var fold: (first: Int, spans: Fold)?
      for span in spans {
        if folded.isShown[span] {
          shown.append(span)
        } else if fold == nil {
          fold = (span, folded.whole[span])
        } else {
          fold?.spans.add(folded.whole[span])
        }
      }
      return (shown, fold)
    }
    var rows: [Row] = []
    let tops = shown(trace.roots)
    var pending = tops.spans.reversed().map { Row(span: $0, fold: nil, depth: 0, isLast: true, openLevels: 0) }
    if let fold = tops.fold {
      pending.insert(Row(span: fold.first, fold: fold.spans, depth: 0, isLast: true, openLevels: 0), at: 0)
    }
    while let row = pending.popLast() {
      rows.append(row)
      if row.fold != nil { continue }
      var open = row.openLevels
      if !row.isLast, 1...64 ~= row.depth { open |= 1 << UInt64(row.depth - 1) }
      var isLast = true
      let children = shown(trace.children(of: row.span))
      if let fold = children.fold {
        pending.append(Row(span: fold.first, fold: fold.spans, depth: row.depth + 1, isLast: true, openLevels: open))
        isLast = false
      }
      for child in children.spans.reversed() {
        pending.append(Row(span: child, fold: nil, depth: row.depth + 1, isLast: isLast, openLevels: open))
        isLast = false
      }
    }
    return rows
  }

  /// Whether the trace waited for a span itself, for any time at all.
  public func isCritical(_ span: Int) -> Bool { stretches[span] != nil }

  /// When the trace waited for a span itself, latest first, Unix nanoseconds.
  public func stretches(of span: Int) -> [Range<Int64>] { stretches[span] ?? [] }

  /// The columns that a span's bar takes of `width`; never empty.
  public func columns(of span: Int, width: Int) -> ClosedRange<Int> {
    columns(of: trace.spans[span].start..<max(trace.spans[span].start, trace.spans[span].end), width)
  }

  /// The bar of a span, one cell for each of `width` columns.
  public func cells(of span: Int, width: Int) -> [Cell] {
    var cells = [Cell](repeating: .outside, count: width)
    for column in columns(of: span, width: width) { cells[column] = .running }
    for stretch in stretches[span] ?? [] {
      for column in columns(of: stretch, width) { cells[column] = .critical }
    }
    return cells
  }

  private func columns(of time: Range<Int64>, _ width: Int) -> ClosedRange<Int> {
    let first = column(of: time.lowerBound, width)
    return first...(time.isEmpty ? first : max(first, column(of: time.upperBound - 1, width)))
  }

  private func column(of time: Int64, _ width: Int) -> Int {
    let share = Double(time &- start) / Double(max(1, end &- start))
    return max(0, min(width - 1, Int(share * Double(width))))
  }
}

/// What a span's time was spent on, down to the spans that it waited for.
///
/// Walked backwards from the end of a span: of its children, the one that ended last is what it waited for, back to where
/// that child began; then the one that ended last before that, and so on. What no child covers is the span's own. A child
/// counts only inside of its parent's time, so that skewed clocks and work that goes on behind the parent's back move
/// nothing. The stretches do not overlap and add up to the duration of the span at the top.
public struct CriticalPath: Sendable {
  /// Time for which one span itself was waited for.
  public struct Stretch: Sendable, Equatable {
    public let span: Int
    /// Unix nanoseconds.
    public let time: Range<Int64>
  }

  /// Latest first within a span, spans in order of `spans`.
  public private(set) var stretches: [Stretch] = []
  /// The spans on the path, parents before their children.
  public private(set) var spans: [Int] = []

  /// The path below one span of a trace.
  public init(of trace: Trace, from top: Int) {
    struct Visit {
      let span: Int
      let time: Range<Int64>
    }
    guard trace.spans.indices.contains(top) else { return }
    let whole = trace.spans[top]
    var pending = [Visit(span: top, time: whole.start..<max(whole.start, whole.end))]
    while let visit = pending.popLast() {
      spans.append(visit.span)
      var cursor = visit.time.upperBound
      let children = trace.tree.children(of: visit.span).sorted { trace.spans[$0].end > trace.spans[$1].end }
      for child in children where cursor > visit.time.lowerBound {
        let end = min(trace.spans[child].end, cursor)
        let start = max(trace.spans[child].start, visit.time.lowerBound)
        guard start < end else { continue }
        if end < cursor { stretches.append(Stretch(span: visit.span, time: end..<cursor)) }
        pending.append(Visit(span: child, time: start..<end))
        cursor = start
      }
      if visit.time.lowerBound < cursor {
        stretches.append(Stretch(span: visit.span, time: visit.time.lowerBound..<cursor))
      }
    }
  }

  /// The spans on the path and the nanoseconds for which each was waited for itself, in order of `spans`.
  public var selfTimes: [(span: Int, selfTime: Int64)] {
    var times: [Int: Int64] = [:]
    for stretch in stretches {
      times[stretch.span, default: 0] &+= stretch.time.upperBound &- stretch.time.lowerBound
    }
    return spans.map { ($0, times[$0] ?? 0) }
  }
}

extension Trace {
  /// Nanoseconds of a span in which none of its children runs.
  public func selfTime(of index: Int) -> Int64 {
    let span = spans[index]
    var covered: Int64 = 0
    var reached = span.start
    // Children come in order of their start.
    for child in children(of: index) {
      let start = max(spans[child].start, reached)
      let end = min(spans[child].end, span.end)
      guard start < end else { continue }
      covered += end - start
      reached = end
    }
    return span.duration - covered
  }
}

/// What stands where among the cells of a series.
struct CellLayout: Sendable {
  /// Where the size family stands, if it is kept.
  enum Size: Sendable {
    case off
    /// A 128-bit sum at this word.
    case total(Int)
    case histogram(HistogramCells)
  }

  /// The words that hold the writing rounds in which the series appeared and in which it moved last.
  static let firstRound = 0
  static let lastRound = 1

  let latency: HistogramCells
  let size: Size
  /// Whether spans may count other than once.
  var isWeighted: Bool { latency.isWeighted }
  /// Words a series has.
  let stride: Int

  init(_ configuration: SpanMetricsConfiguration) {
    latency = HistogramCells(
      start: 2, buckets: configuration.latencyBuckets.count + 1,
      isWeighted: configuration.isWeighted)
    switch configuration.size {
    case .off:
      size = .off
      stride = latency.end
    case .total:
      size = .total(latency.end)
      stride = latency.end + 2
    case .histogram:
      let cells = HistogramCells(
        start: latency.end, buckets: configuration.sizeBuckets.count + 1, isWeighted: false)
      size = .histogram(cells)
      stride = cells.end
    }
  }
}

import OTLP

/// The exemplars of all series: one a latency bucket, and one for the series' counter.
struct ExemplarTable: Sendable {
  /// Exemplars a series has; 0 when none are kept.
  private var perSeries = 0
  private var entries: [Exemplar] = []

  var isEnabled: Bool { perSeries > 0 }

  mutating func enable(buckets: Int) { perSeries = buckets + 1 }

  /// Puts the span in the place of a less telling one.
  mutating func offer(_ span: SpanView, series: Int, bucket: Int, round: UInt32) {
    guard let exemplar = Exemplar(span, round: round) else { return }
    makeRoom(series)
    offer(exemplar, at: series * perSeries + bucket)
    if span.statusCode == StatusCode.error.rawValue { offer(exemplar, at: series * perSeries + perSeries - 1) }
  }

  /// Takes over the exemplars of series `other` in `table`.
  mutating func merge(_ table: borrowing ExemplarTable, series other: Int, into series: Int) {
    guard isEnabled, (other + 1) * perSeries <= table.entries.count else { return }
    makeRoom(series)
    for index in 0..<perSeries { offer(table.entries[other * perSeries + index], at: series * perSeries + index) }
  }

  /// The exemplars of a series by bucket, and that of its counter.
  func exemplars(of series: Int) -> (buckets: [Exemplar?], counter: Exemplar?) {
    guard isEnabled, (series + 1) * perSeries <= entries.count else { return ([], nil) }
    let all = entries[series * perSeries..<(series + 1) * perSeries].map { $0.isPresent ? $0 : nil }
    return (Array(all.dropLast()), all.last ?? nil)
  }

  private mutating func makeRoom(_ series: Int) {
    let needed = (series + 1) * perSeries
    if entries.count < needed { entries.append(contentsOf: repeatElement(.none, count: needed - entries.count)) }
  }

  private mutating func offer(_ exemplar: Exemplar, at index: Int) {
    if exemplar.isPresent && exemplar.displaces(entries[index]) { entries[index] = exemplar }
  }
}

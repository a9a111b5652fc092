import Libc

/// From counted spans to the series of a metrics function.
enum SeriesFunctions {
  static func series(
    _ metrics: MetricsPipeline, _ counted: SpanAggregator, _ intervals: Intervals, secondsPerInterval: Double
  ) -> [Series] {
    switch metrics.function {
    case .quantileOverTime(_, let quantiles): return quantileSeries(metrics, counted, intervals, quantiles)
    default: break
    }
    if counted.labels.isEmpty, metrics.by.isEmpty, metrics.function == .rate || metrics.function == .countOverTime {
      // Nothing counted is a count of zero, so that good = all - errors holds where there are no errors.
      return [Series(labels: labels(metrics, []), values: [Double](repeating: 0, count: intervals.count))]
    }
    var result: [Series] = []
    for index in counted.labels.indices {
      var samples = counted.samples(index, intervals)
      if metrics.function == .rate {
        // Multiplied with the inverse, as Tempo does, so that the last bit is the same.
        let perSecond = 1 / secondsPerInterval
        for sample in samples.indices { samples[sample] *= perSecond }
      }
      var series = Series(labels: labels(metrics, counted.labels[index]), values: samples)
      series.exemplars = counted.exemplars(of: index, intervals)
      result.append(series)
    }
    return result
  }

  /// Missing values give no label; where all are missing the first one says so. Without grouping the name of the
  /// function is the only label.
  private static func labels(_ metrics: MetricsPipeline, _ values: [ResultValue]) -> [Series.Label] {
    var labels: [Series.Label] = []
    for (attribute, value) in zip(metrics.by, values) where value != .missing {
      labels.append((attribute.description, value))
    }
    if values.count > metrics.by.count {
      if case .histogramOverTime = metrics.function { labels.append((Series.bucketLabel, values[metrics.by.count])) }
      return labels
    }
    if labels.isEmpty {
      labels = [
        metrics.by.first.map { ($0.description, .missing) } ?? (Series.nameLabel, .string(metrics.function.name))
      ]
    }
    return labels
  }

  /// Quantiles from counts in buckets of powers of two.
  private static func quantileSeries(
    _ metrics: MetricsPipeline, _ counted: SpanAggregator, _ intervals: Intervals, _ quantiles: [Double]
  ) -> [Series] {
    var groups: [[ResultValue]: Int] = [:]
    var histograms: [(labels: [Series.Label], buckets: [(bound: Double, series: Int)])] = []
    for index in counted.labels.indices {
      let values = counted.labels[index]
      guard case .double(let bound)? = values.last else { continue }
      let group = Array(values.dropLast())
      if groups[group] == nil {
        groups[group] = histograms.count
        histograms.append((labels(metrics, values), []))
      }
      if let place = groups[group] { histograms[place].buckets.append((bound, index)) }
    }
    var result: [Series] = []
    for histogram in histograms {
      let buckets = histogram.buckets.sorted { $0.bound < $1.bound }
      let counts = buckets.map { counted.samples($0.series, intervals) }
      for quantile in quantiles {
        let samples = (0..<intervals.count).map { interval in
          self.quantile(
            quantile, zip(buckets, counts).map { ($0.bound, $1[interval]) }.filter { $0.1 > 0 })
        }
        result.append(Series(labels: histogram.labels + [("p", .double(quantile))], values: samples))
      }
    }
    return result
  }

  /// The value below which a share of the counted values lies, interpolated exponentially inside its bucket; 0 of
  /// nothing.
  static func quantile(_ share: Double, _ buckets: [(bound: Double, count: Double)]) -> Double {
    let total = buckets.reduce(0) { $0 + $1.count }
    guard total > 0 else { return 0 }
    let wanted = max(1, (share * total).rounded(.up))
    var below = 0.0
    for (index, bucket) in buckets.enumerated() {
      if below + bucket.count > wanted || index == buckets.count - 1 && below + bucket.count != wanted {
        let high = log2(bucket.bound)
        let low = index > 0 ? log2(buckets[index - 1].bound) : high - 1
        return exp2(low + (high - low) * ((wanted - below) / bucket.count))
      }
      below += bucket.count
      if below == wanted { return bucket.bound }
    }
    return 0
  }
}

import Backends
import Platform

/// A series as a chart: the baseline, the window shaded, the onset with its uncertainty. Gaps stay gaps.
struct SeriesChart {
  let samples: [PrometheusSample]
  let window: CorrelationWindow
  let onset: PlaceVerdict.Onset?

  private static let width = 600.0
  private static let height = 100.0

  private var values: [Double] { samples.map(\.value).filter(\.isFinite) }

  /// The largest value, and the bottom of the chart: zero unless something lies below.
  private var range: (low: Double, high: Double) {
    let low = min(0, values.min() ?? 0)
    let high = values.max() ?? 0
    return (low, high > low ? high : low + 1)
  }

  private func x(_ time: Int64) -> Double {
    let start = Double(window.baselineStart.nanoseconds)
    let length = max(1, Double(window.end.nanoseconds) - start)
    return max(0, min(1, (Double(time) - start) / length)) * SeriesChart.width
  }

  private func y(_ value: Double) -> Double {
    let (low, high) = range
    return SeriesChart.height - 4 - (value - low) / (high - low) * (SeriesChart.height - 8)
  }

  var svg: String {
    let n = { (value: Double) in FloatText.rounded(value, decimals: 1) }
    let from = x(window.start.nanoseconds)
    var svg =
      "<svg class=\"chart\" viewBox=\"0 0 \(n(SeriesChart.width)) \(n(SeriesChart.height))\" preserveAspectRatio=\"none\" role=\"img\">"
    svg +=
      "<rect class=\"window\" x=\"\(n(from))\" y=\"0\" width=\"\(n(SeriesChart.width - from))\" height=\"\(n(SeriesChart.height))\"/>"
    if let onset {
      let (first, last) = (x(onset.earliest), x(onset.latest))
      svg +=
        "<rect class=\"onset\" x=\"\(n(first))\" y=\"0\" width=\"\(n(max(1, last - first)))\" height=\"\(n(SeriesChart.height))\"/>"
      let at = n(x(onset.time))
      svg += "<line class=\"onsetline\" x1=\"\(at)\" y1=\"0\" x2=\"\(at)\" y2=\"\(n(SeriesChart.height))\"/>"
    }
    var path = ""
    var last: Int64?
    let gap = 3 * typicalStep
    for sample in samples {
      guard sample.value.isFinite else {
        last = nil
        continue
      }
      let time = sample.time.nanoseconds
      let joins = last.map { time.subtractingSaturating($0) <= gap } ?? false
      path += "\(joins ? "L" : "M")\(n(x(time))) \(n(y(sample.value)))"
      if !joins { path += "h0.1" }
      last = time
    }
    return svg + "<path class=\"series\" vector-effect=\"non-scaling-stroke\" d=\"\(path)\"/></svg>"
  }

  private var typicalStep: Int64 {
    let steps = zip(samples, samples.dropFirst()).map { $1.time.nanoseconds.subtractingSaturating($0.time.nanoseconds) }
      .filter { $0 > 0 }.sorted()
    return steps.isEmpty ? 60 * Nanoseconds.perSecond : steps[steps.count / 2]
  }

  /// `0 to 12.5 ms`.
  var bounds: String {
    values.isEmpty ? "no data" : "\(NumberText.short(range.low)) to \(NumberText.short(range.high))"
  }
}

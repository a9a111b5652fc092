import Backends
public import Platform

/// What rules compare, computed from the spans of a recording: rates of what is counted, quantiles of what was measured, no
/// buckets and no samples between.
public struct RecordedSamples: RuleSamples {
  private let recording: SpanRecording

  private static let perMillisecond = Double(Nanoseconds.perMillisecond)

  public init(_ recording: SpanRecording) { self.recording = recording }

  public func series(
    of rule: AlertRule, start: Timestamp, end: Timestamp, step: Int64
  ) throws(BackendError) -> [JudgedSeries] {
    let spans = recording.spans(of: rule)
    var walk = Walk(rule, spans)
    var samples: [PrometheusSample] = []
    var holding: Set<Timestamp> = []
    var time = start
    while time <= end {
      if let value = walk.value(at: time.nanoseconds) {
        samples.append(PrometheusSample(time: time, value: value))
        if walk.isBurning(at: time.nanoseconds) { holding.insert(time) }
      }
      time = time.advanced(byNanoseconds: step)
    }
    return [JudgedSeries(samples, holding: rule.kind == .objective ? holding : nil)]
  }

  /// A rule's value at times that ascend.
  private struct Walk {
    let rule: AlertRule
    let spans: SpanRecording.Spans
    /// Where durations are asked for: how many of each rank are in the window.
    private var ranks: RankCounts?
    /// How many of the spans before each one took longer than the bound that matters.
    private let slowBefore: [Int]
    private var from = 0
    private var to = 0

    init(_ rule: AlertRule, _ spans: SpanRecording.Spans) {
      self.rule = rule
      self.spans = spans
      var bound: Threshold?
      switch rule.condition {
      case .latency(_, _, isExact: true): bound = rule.threshold
      case .latency: ranks = RankCounts(spans.durations)
      case .objective(let objective): bound = objective.latencyBound
      case .errorRate, .callRate, .traceQL: break
      }
      guard let bound else {
        slowBefore = []
        return
      }
      var slow = [0]
      for duration in spans.durations {
        slow.append(slow[slow.count - 1] + (Double(duration) > bound.value * RecordedSamples.perMillisecond ? 1 : 0))
      }
      slowBefore = slow
    }

    /// Nil when there is nothing to compute it from.
    mutating func value(at time: Int64) -> Double? {
      let window = self.window(rule.window, before: time)
      let count = Double(window.count)
      if let minimum = rule.minimumCalls, count < minimum.value { return nil }
      switch rule.condition {
      case .latency(_, let quantile, isExact: false):
        move(to: window)
        guard let share = Double(quantile.number), let rank = ranks?.value(share) else { return nil }
        return Double(rank) / RecordedSamples.perMillisecond
      case .latency: return window.isEmpty ? nil : 100 * Double(slow(window)) / count
      case .errorRate: return window.isEmpty ? nil : 100 * Double(failed(window)) / count
      case .callRate: return count / rule.window.seconds
      case .objective(let objective): return burn(objective, objective.pairs[0].long, time)
      case .traceQL: return nil
      }
    }

    /// Whether one pair of an objective's windows burns too fast.
    func isBurning(at time: Int64) -> Bool {
      guard case .objective(let objective) = rule.condition else { return false }
      return objective.pairs.contains { pair in
        let factor = objective.factor(of: pair).value
        return [pair.long, pair.short].allSatisfy { burn(objective, $0, time) ?? 0 > factor }
      }
    }

    private func burn(_ objective: ServiceObjective, _ length: PromDuration, _ time: Int64) -> Double? {
      let window = window(length, before: time)
      guard !window.isEmpty else { return nil }
      let bad = objective.latencyBound == nil ? failed(window) : slow(window)
      return Double(bad) / Double(window.count) / objective.budget.value
    }

    private func failed(_ window: Range<Int>) -> Int {
      spans.failedBefore[window.upperBound] - spans.failedBefore[window.lowerBound]
    }

    private func slow(_ window: Range<Int>) -> Int { slowBefore[window.upperBound] - slowBefore[window.lowerBound] }

    /// The spans that ended after `time - length` and not after `time`.
    private func window(_ length: PromDuration, before time: Int64) -> Range<Int> {
      let start = time.subtractingSaturating(length.nanoseconds)
      return firstIndex(after: start)..<firstIndex(after: time)
    }

    private func firstIndex(after time: Int64) -> Int {
      var low = 0
      var high = spans.ends.count
      while low < high {
        let middle = (low + high) / 2
        if spans.ends[middle] <= time { low = middle + 1 } else { high = middle }
      }
      return low
    }

    private mutating func move(to window: Range<Int>) {
      while to < window.upperBound {
        ranks?.add(to, 1)
        to += 1
      }
      while from < window.lowerBound {
        ranks?.add(from, -1)
        from += 1
      }
    }
  }
}

/// A set of measured values, of which any quantile is known at any time: a Fenwick tree over their ranks.
struct RankCounts {
  /// Every value there may be, ascending.
  private let values: [Int64]
  /// The rank of each element, from 1.
  private let rank: [Int]
  private var tree: [Int]
  private var count = 0

  /// Nothing is in the set yet; `all` are the elements that may come.
  init(_ all: [Int64]) {
    values = Set(all).sorted()
    let places = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($0.element, $0.offset + 1) })
    rank = all.map { places[$0] ?? 1 }
    tree = Array(repeating: 0, count: values.count + 1)
  }

  /// Puts element `index` in (1) or takes it out (-1).
  mutating func add(_ index: Int, _ number: Int) {
    count += number
    var place = rank[index]
    while place < tree.count {
      tree[place] += number
      place += place & -place
    }
  }

  /// The smallest value that at least this share of the elements does not exceed; nil of an empty set.
  func value(_ share: Double) -> Int64? {
    guard count > 0 else { return nil }
    var left = max(1, Int((share * Double(count) - 1e-9).rounded(.up)))
    var place = 0
    var stride = 1
    while stride * 2 < tree.count { stride *= 2 }
    while stride > 0 {
      if place + stride < tree.count, tree[place + stride] < left {
        place += stride
        left -= tree[place]
      }
      stride /= 2
    }
    return values[min(place, values.count - 1)]
  }
}

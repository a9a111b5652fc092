import Platform

/// Compares every place of the window with the time before it, over several stretches of the window, and says which
/// services changed.
struct PlaceAnalysis {
  let table: SpanTable
  let observations: Observations
  /// When it happened, Unix nanoseconds; nil when nobody knows.
  let moment: Int64?

  /// Chance gives more once in ten thousand.
  static let significance = 15.1
  /// Services with less speaking against them are not named.
  static let leastTotal = 4.0
  /// With this much against somebody no other time needs to be looked at.
  private static let enough = 12.0

  /// A changed place before anybody is blamed for it.
  struct Change {
    enum Source {
      case timed(Observations.Timed)
      case event(Observations.Event)
    }

    var source: Source
    var test: ChangeTest?
    /// How many values there are now.
    var count: Double
  }

  private var grid: TimeGrid { observations.grid }

  func verdict(resources: [PlaceFinding] = []) -> PlaceVerdict {
    var verdict = PlaceVerdict()
    let intervals = grid.intervals
    let before = ChangeTest.sum(observations.traces, 0..<grid.baselineSlots)
    let all = ChangeTest.sum(observations.traces, 0..<grid.slots)
    verdict.tracesBefore = Int(before)
    verdict.tracesNow = Int(all - before)
    guard all > 0, let first = intervals.first else {
      verdict.reason = all > 0 ? "there is no time in the window to look at" : "there are no traces of the service"
      return verdict
    }
    let changes = self.changes(intervals)
    let stories = intervals.indices.map { blame(changes[$0], intervals[$0], resources) }
    let totals = stories.map { $0.first?.total ?? 0 }
    let around = intervals.indices.filter { holdsMoment(intervals[$0]) }
    var best = self.best(around, intervals, totals)
    // What was over when it happened, or began only after, is another story, unless there is no other.
    if best.map({ totals[$0] < PlaceAnalysis.enough }) ?? true {
      best = self.best(Array(intervals.indices), intervals, totals)
    }
    guard let best else {
      verdict.reason = reason(first)
      return verdict
    }
    verdict.services = stories[best] + others(stories, around, besides: stories[best])
    verdict.onset = onset(intervals, totals, best)
    return verdict
  }

  /// Whom other stretches of the time speak against, and less so: it may have begun elsewhere before it showed there.
  private func others(
    _ stories: [[ServiceVerdict]], _ candidates: [Int], besides named: [ServiceVerdict]
  ) -> [ServiceVerdict] {
    let known = Set(named.map(\.service))
    var found: [String: ServiceVerdict] = [:]
    for service in candidates.lazy.flatMap({ stories[$0] })
    where service.total >= PlaceAnalysis.enough && !known.contains(service.service) {
      if service.total > found[service.service]?.total ?? 0 { found[service.service] = service }
    }
    let least = named.last?.total ?? 0
    return found.values.sorted { ($1.total, $0.service) < ($0.total, $1.service) }.map { service in
      var service = service
      service.total = min(least, service.total * 0.4)
      return service
    }
  }

  private func best(_ candidates: [Int], _ intervals: [TimeGrid.Interval], _ totals: [Double]) -> Int? {
    var best: Int?
    for index in candidates {
      // What lasts to the end is the simpler story.
      let margin = intervals[index].to == grid.slots ? 1.05 : 1.2
      if totals[index] > (best.map { totals[$0] } ?? 0) * margin { best = index }
    }
    return best
  }

  /// Whether it was going on when it happened; people are off by a minute.
  private func holdsMoment(_ interval: TimeGrid.Interval) -> Bool {
    guard let moment else { return true }
    let from = grid.begin(of: interval.from).subtractingSaturating(60 * Nanoseconds.perSecond)
    return moment >= from && (interval.to == grid.slots || moment < grid.begin(of: interval.to))
  }

  /// Starts that fit nearly as well bound when it can have begun.
  private func onset(_ intervals: [TimeGrid.Interval], _ totals: [Double], _ best: Int) -> PlaceVerdict.Onset {
    let chosen = intervals[best]
    let alike = intervals.indices.filter { intervals[$0].to == chosen.to && totals[$0] >= totals[best] * 0.9 }
    let starts = alike.map { intervals[$0].from }
    return .init(
      time: grid.begin(of: chosen.from), earliest: grid.begin(of: max(0, (starts.min() ?? chosen.from) - 1)),
      latest: grid.begin(of: min(grid.slots, (starts.max() ?? chosen.from) + 1)),
      end: chosen.to < grid.slots ? grid.begin(of: chosen.to) : nil)
  }

  private func reason(_ window: TimeGrid.Interval) -> String {
    let before = Int(ChangeTest.sum(observations.traces, 0..<window.from))
    let now = Int(ChangeTest.sum(observations.traces, window.from..<window.to))
    if before < 8 { return "there is no baseline: \(before) traces before the window, \(now) in it" }
    if now < 4 { return "there are only \(now) traces of the service in the window, \(before) before" }
    let requests = observations.requests.cumulative(slots: grid.slots)
    let old = requests.histogram(0, window.from)
    let slow = old.quantile(0.95) + 3
    let nowSlow = requests.share(window.from, window.to, above: slow)
    let wasSlow = requests.share(0, window.from, above: slow)
    return "no place changed more than chance explains: \(Int(nowSlow.hits)) of \(now) traces slow, "
      + "\(Int(wasSlow.hits)) of \(before) before"
  }

  // MARK: Changes

  /// Long calls and short ones are measured by the typical request.
  private var timeScale: ChangeTest.Scale {
    let requests = observations.requests.cumulative(slots: grid.slots)
    let typical = Sketch.value(requests.histogram(0, grid.slots).quantile(0.5))
    return .init(
      offset: max(20_000, typical * 0.01), least: max(50_000, typical * 0.02), half: max(100_000, typical * 0.05))
  }

  private func threshold(_ index: Int, places: Double) -> Double {
    // The window as a whole is the user's; the more stretches of it and places are tried, the more chance can do.
    return PlaceAnalysis.significance + 2 * logarithm(max(1, places / 300)) + (index == 0 ? 0 : 4)
  }

  private func changes(_ intervals: [TimeGrid.Interval]) -> [[Change]] {
    var result = [[Change]](repeating: [], count: intervals.count)
    let scale = timeScale
    let times = observations.times
    let places = Double(times.count + observations.happenings)
    let thresholds = intervals.indices.map { threshold($0, places: places) }
    let callScale = ChangeTest.Scale(offset: 100, least: 400, half: 500)
    for (key, sketch) in times where sketch.count >= 11 {
      let values = sketch.cumulative(slots: grid.slots)
      var isBetween = false
      if case .between = key { isBetween = true }
      var used = scale
      if case .calls = key { used = callScale }
      for (index, interval) in intervals.enumerated() {
        var test = ChangeTest.growth(values, interval, used)
        if let evidence = test?.evidence, evidence < thresholds[index] { test = nil }
        guard test != nil || isBetween else { continue }
        let count = isBetween ? values.share(interval.from, interval.to, above: 0).total : 0
        result[index].append(Change(source: .timed(key), test: test, count: count))
      }
    }
    for (key, hits) in observations.events {
      guard let cases = cases(of: key) else { continue }
      let isFailure = key.isFailure
      for (index, interval) in intervals.enumerated() {
        guard let test = ChangeTest.share(hits, of: cases, interval, isFailure: isFailure),
          test.evidence >= thresholds[index]
        else {
          continue
        }
        let count = ChangeTest.sum(cases, interval.from..<interval.to)
        result[index].append(Change(source: .event(key), test: test, count: count))
      }
    }
    return result
  }

  private func cases(of event: Observations.Event) -> [Float]? {
    switch event {
    case .does(let place, _), .fails(let place, _), .callFails(let place, _), .refused(let place),
      .unanswered(let place):
      observations.runs(of: place)
    case .logs(let place, _): observations.logCases[place]
    }
  }

  private func blame(
    _ changes: [Change], _ interval: TimeGrid.Interval, _ resources: [PlaceFinding]
  ) -> [ServiceVerdict] {
    var blame = Blame(table: table, observations: observations, interval: interval)
    blame.add(changes)
    return blame.services(resources)
  }
}

import Traces

/// Finds where the trouble of a bad trace begins, and which span's time on the critical path grew.
struct CulpritFinder {
  let service: String
  private let bad: [Trace]
  /// Own time on the critical path in traces without trouble, nanoseconds, by span.
  private let usual: [Place: [Double]]
  private let usualTraces: Int

  struct Place: Hashable {
    var service: String
    var span: String
  }

  init(service: String, sample: TraceSample) {
    self.service = service
    bad = sample.bad
    // Quiet times are the better comparison; without them, the traces beside the bad ones.
    let quiet = sample.baselineRest.count >= 5 ? sample.baselineRest : sample.rest
    var usual: [Place: [Double]] = [:]
    for trace in quiet {
      for (place, time) in CulpritFinder.times(trace, service) { usual[place, default: []].append(time) }
    }
    self.usual = usual
    usualTraces = quiet.count
  }

  /// The origin of a failure, or for a slow trace the span that took longest beyond what is usual for it.
  func culprit(of trace: Trace) -> Culprit? {
    if let origin = trace.failureOrigin(of: service) { return CulpritFinder.culprit(trace, origin) }
    guard let entry = trace.slowestEntry(of: service) else { return nil }
    var worst: (index: Int, excess: Double)?
    for (index, time) in trace.criticalPath(from: entry) {
      let place = Place(service: trace.spans[index].service, span: trace.spans[index].name)
      let excess = Double(time) - Statistics.mean(usual[place] ?? [])
      if excess > worst?.excess ?? 0 { worst = (index, excess) }
    }
    return worst.map { CulpritFinder.culprit(trace, $0.index) }
  }

  /// The span whose mean time on the critical path of bad traces grew most, if the growth is no chance.
  func criticalPathGrowth() -> Suspect? {
    guard bad.count >= 3, usualTraces >= 5 else { return nil }
    var now: [Place: [Double]] = [:]
    for trace in bad {
      for (place, time) in CulpritFinder.times(trace, service) { now[place, default: []].append(time) }
    }
    var best: (place: Place, before: Double, now: Double)?
    var mostExplained = 0.0
    for (place, times) in now where times.count >= 3 {
      let old = usual[place] ?? []
      let mean = Statistics.mean(times)
      let before = Statistics.mean(old)
      let error = Statistics.squaredError(times) + (old.count > 1 ? Statistics.squaredError(old) : 0)
      let growth = mean - before
      guard growth > 1_000_000, growth > before / 2, growth * growth > 9 * error else { continue }
      // What counts is how much of the bad traces' time it explains.
      let explained = growth * Double(times.count)
      if explained > mostExplained {
        mostExplained = explained
        best = (place, before, mean)
      }
    }
    guard let best else { return nil }
    var suspect = Suspect(kind: .criticalPath, service: best.place.service)
    suspect.span = best.place.span
    suspect.beforeMilliseconds = best.before / 1e6
    suspect.nowMilliseconds = best.now / 1e6
    suspect.text =
      "\(best.place.service) \(best.place.span): its own time on the critical path grew from "
      + "\(Milliseconds.text(best.before / 1e6)) to \(Milliseconds.text(best.now / 1e6))"
    return suspect
  }

  /// Own time on the critical path below the service's slowest entry, summed by place.
  private static func times(_ trace: Trace, _ service: String) -> [Place: Double] {
    guard let entry = trace.slowestEntry(of: service) else { return [:] }
    var times: [Place: Double] = [:]
    for (index, time) in trace.criticalPath(from: entry) {
      times[Place(service: trace.spans[index].service, span: trace.spans[index].name), default: 0] += Double(time)
    }
    return times
  }

  private static func culprit(_ trace: Trace, _ index: Int) -> Culprit {
    let span = trace.spans[index]
    return Culprit(dependency: trace.dependency(of: index), service: span.service, span: span.name)
  }
}

import OTLP
import Platform
import Traces

/// The traces of a service, judged: which places changed, which traces are bad, and copies of those to compare.
///
/// The feed is read twice: once to learn which traces matter, keeping a few numbers of each span, and once to copy those
/// that were chosen. Memory follows the number of traces in the two windows, not the size of the files.
struct JudgedTraces {
  var sample: TraceSample
  var slowness: Slowness
  var compared: ComparedTraces
  var verdict: PlaceVerdict
  /// How many spans of other traces had to be left out.
  var leftOut = 0

  static func read(_ feed: some SpanFeed, _ task: CorrelationTask) throws(SpanFeedError) -> JudgedTraces {
    try TraceJudge(
      feed: feed, service: task.service, operation: task.incident.operation, window: task.window,
      ruleThreshold: task.incident.latencyThreshold
    ).read()
  }
}

/// Makes `JudgedTraces`.
private struct TraceJudge<Feed: SpanFeed> {
  let feed: Feed
  let service: String
  let operation: String?
  let window: CorrelationWindow
  /// What the rule that fired calls slow, nanoseconds.
  let ruleThreshold: Int64?

  /// How many traces of each group are copied. Bad ones matter most.
  private var maximumBad: Int { 600 }
  private var maximumRest: Int { 1200 }

  private typealias TraceID = SpanTable.TraceID

  private enum Period: UInt8 {
    case window, baseline
  }

  /// What the first reading keeps of a trace.
  private struct Digest {
    var period: Period
    var isError = false
    /// The service's spans by operation, the longest of each.
    var longest: [Int32: Int64] = [:]
  }

  private struct Survey {
    var digests: [TraceID: Digest] = [:]
    var operations: [String: Int32] = [:]
    var names: [String] = []
  }

  func read() throws(SpanFeedError) -> JudgedTraces {
    var tables = try feed.read({ SpanTable() }) { (table, span, _, service) throws(WireError) in
      try table.add(span, service: service)
    }
    var table = tables.removeFirst()
    while let other = tables.popLast() { table.merge(other) }
    let compared = ComparedTraces(table, service: service, operation: operation, window: window)
    let verdict = compared.verdict()
    // Where the trouble is known to begin, what came before in the window is no trouble.
    var periods = window
    if let onset = verdict.onset {
      periods.start = max(window.start, Timestamp(nanoseconds: onset.time))
      periods.baselineLength = periods.start.nanoseconds.subtractingSaturating(window.baselineStart.nanoseconds)
      if let end = onset.end { periods.end = min(window.end, Timestamp(nanoseconds: end)) }
    }
    let survey = self.survey(compared, periods)
    let slowness = self.slowness(survey)
    var outcome = JudgedTraces(
      sample: TraceSample(), slowness: slowness, compared: compared, verdict: verdict, leftOut: compared.leftOut)
    let chosen = choose(survey, slowness, &outcome.sample)
    outcome.sample.hasRates = true
    try collect(chosen, &outcome.sample)
    return outcome
  }

  /// What matters of each trace to find out which are bad.
  private func survey(_ compared: ComparedTraces, _ periods: CorrelationWindow) -> Survey {
    var survey = Survey()
    let table = compared.table
    for trace in compared.traces {
      guard let first = trace.first else { continue }
      let id = table.traces[Int(first.trace)]
      for span in trace {
        let place = table.places[Int(span.place)]
        guard table.names[place.service] == service, operation == nil || table.names[place.name] == operation else {
          continue
        }
        let period: Period
        if periods.contains(span.start) {
          period = .window
        } else if periods.baselineContains(span.start) {
          period = .baseline
        } else {
          continue
        }
        let name = table.names[place.name]
        let known = survey.operations[name]
        let index = known ?? Int32(clamping: survey.names.count)
        if known == nil {
          survey.operations[name] = index
          survey.names.append(name)
        }
        survey.digests[id, default: Digest(period: period)].longest[index, default: 0].raise(to: span.duration)
        if span.outcome == .failed { survey.digests[id]?.isError = true }
        // A trace that reaches into the window belongs to it.
        if period == .window { survey.digests[id]?.period = .window }
      }
    }
    return survey
  }

  private func slowness(_ survey: Survey) -> Slowness {
    // Without a baseline nobody knows what is slow: then only failures and what the rule says count.
    var durations: [String: [Int64]] = [:]
    for digest in survey.digests.values where !digest.isError && digest.period == .baseline {
      for (operation, duration) in digest.longest {
        durations[survey.names[Int(operation)], default: []].append(duration)
      }
    }
    return Slowness(baseline: durations, ruleThreshold: ruleThreshold)
  }

  private struct Copies: Sendable {
    var spans: [TraceID: [TraceSpan]] = [:]
    var texts: [TraceID: String] = [:]
  }

  private struct Choice {
    var period: Period
    var isBad: Bool
  }

  private func choose(_ survey: Survey, _ slowness: Slowness, _ sample: inout TraceSample) -> [TraceID: Choice] {
    var groups: [[(id: TraceID, worst: Int64)]] = [[], [], [], []]
    for (id, digest) in survey.digests {
      let isSlow = digest.longest.contains { slowness.isSlow(survey.names[Int($0.key)], $0.value) }
      let isBad = digest.isError || isSlow
      groups[Int(digest.period.rawValue) * 2 + (isBad ? 0 : 1)].append((id, digest.longest.values.max() ?? 0))
    }
    sample.windowCounts = .init(bad: groups[0].count, all: groups[0].count + groups[1].count)
    sample.baselineCounts = .init(bad: groups[2].count, all: groups[2].count + groups[3].count)
    var chosen: [TraceID: Choice] = [:]
    for (index, group) in groups.enumerated() {
      let isBad = index % 2 == 0
      // Ids are random, so the lowest are a fair sample, and the same one in every run. Of the bad ones, the worst few
      // have to be among them.
      let sorted = group.sorted { ($0.id.low, $0.id.high) < ($1.id.low, $1.id.high) }
      var kept = sorted.prefix(isBad ? maximumBad : maximumRest).map(\.id)
      if index == 0 { kept += group.sorted { $0.worst > $1.worst }.prefix(10).map(\.id) }
      for id in kept { chosen[id] = Choice(period: index < 2 ? .window : .baseline, isBad: isBad) }
    }
    return chosen
  }

  private func collect(_ chosen: [TraceID: Choice], _ sample: inout TraceSample) throws(SpanFeedError) {
    let wanted = chosen.mapValues { _ in true }
    let parts = try feed.read({ Copies() }) { (copies, span, resource, service) throws(WireError) in
      let id = TraceID(span.traceID)
      guard wanted[id] != nil, copies.spans[id]?.count ?? 0 < 2000 else { return }
      if copies.texts[id] == nil { copies.texts[id] = SpanReader.hex(span.traceID) }
      copies.spans[id, default: []].append(try SpanReader.record(span, resource, service: service))
    }
    var spans: [TraceID: [TraceSpan]] = [:]
    var texts: [TraceID: String] = [:]
    for part in parts {
      spans.merge(part.spans) { $0 + $1 }
      texts.merge(part.texts) { first, _ in first }
    }
    for (id, choice) in chosen.sorted(by: { ($0.key.high, $0.key.low) < ($1.key.high, $1.key.low) }) {
      guard let found = spans[id], let text = texts[id] else { continue }
      let trace = Trace(id: text, spans: found)
      switch (choice.period, choice.isBad) {
      case (.window, true): sample.bad.append(trace)
      case (.window, false): sample.rest.append(trace)
      case (.baseline, true): sample.baselineBad.append(trace)
      case (.baseline, false): sample.baselineRest.append(trace)
      }
    }
  }
}

extension Int64 {
  fileprivate mutating func raise(to other: Int64) { self = Swift.max(self, other) }
}

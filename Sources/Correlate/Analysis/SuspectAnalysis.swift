import Platform
import Traces

/// Finds what failing or slow traces have in common.
///
/// A feature is named only if chance explains neither its share among the bad traces of the window nor, where the
/// baseline is known as a whole, the growth of its bad share since then. In a quiet window, where errors fall where they
/// always fell, nothing is.
struct SuspectAnalysis {
  let service: String
  let sample: TraceSample

  /// Log-likelihood above which a difference counts: chance gives it once in ten thousand.
  private static let significance = 15.1
  private static let minimumBad = 3
  private static let maximumSuspects = 10
  /// How many attribute suspects are listed beside the first.
  private static let maximumAttributes = 5

  /// Suspects, most telling first; none in a quiet window.
  func suspects() -> [Suspect] {
    guard sample.bad.count >= SuspectAnalysis.minimumBad, isAnomalous else { return [] }
    let culprits = CulpritFinder(service: service, sample: sample)
    let found = sample.bad.map { culprits.culprit(of: $0) }
    var attributes = attributeSuspects()
    let dependency = dependencySuspect(found, baseline: sample.baselineBad.map { culprits.culprit(of: $0) })
    if !attributes.isEmpty { connect(&attributes[0], with: found) }
    var result: [Suspect] = attributes.map(\.suspect)
    if let dependency {
      result.insert(dependency, at: result.isEmpty || attributes[0].isSpecific ? min(1, result.count) : 0)
    }
    if let path = culprits.criticalPathGrowth() { result.append(path) }
    return Array(result.prefix(SuspectAnalysis.maximumSuspects))
  }

  /// Whether more traces are bad than in the baseline; unknown rates pass.
  private var isAnomalous: Bool {
    let now = sample.windowCounts
    let before = sample.baselineCounts
    guard sample.hasRates, before.all >= 10 else { return true }
    let grown = Statistics.gStatistic(Double(now.bad), of: Double(now.all), Double(before.bad), of: Double(before.all))
    return grown > SuspectAnalysis.significance
      && Statistics.lift(Double(now.bad), of: Double(now.all), Double(before.bad), of: Double(before.all)) > 1.5
  }

  // MARK: Attributes

  private struct Candidate {
    var suspect: Suspect
    var feature: TraceFeature
    /// Indices of the bad traces that have it.
    var bad: [Int]
    /// Whether it explains most bad traces and few others.
    var isSpecific: Bool
  }

  private func attributeSuspects() -> [Candidate] {
    let bad = FeatureTable(sample.bad)
    let rest = FeatureTable(sample.rest)
    let baselineBad = FeatureTable(sample.baselineBad)
    let baselineRest = FeatureTable(sample.baselineRest)
    guard rest.count >= SuspectAnalysis.minimumBad else { return [] }
    // With so many features tried, one of them would stand out by chance: ask for more the more there are.
    let threshold = SuspectAnalysis.significance + 2 * logarithm(Double(max(bad.traces.count, 1)))
    var candidates: [Candidate] = []
    let varied = variedAttributes([bad, rest, baselineBad, baselineRest])
    for (feature, traces) in bad.traces where traces.count >= SuspectAnalysis.minimumBad {
      guard feature.kind == .operation || varied.contains(AttributeOwner(feature)) else { continue }
      let inRest = rest.count(feature)
      let lift = Statistics.lift(Double(traces.count), of: Double(bad.count), Double(inRest), of: Double(rest.count))
      let score = Statistics.gStatistic(
        Double(traces.count), of: Double(bad.count), Double(inRest), of: Double(rest.count))
      guard lift >= 1.5, score > threshold else { continue }
      guard hasGrown(feature, traces.count, inRest, baselineBad.count(feature), baselineRest.count(feature)) else {
        continue
      }
      candidates.append(candidate(feature, traces, inRest, lift: lift, score: score))
    }
    candidates.sort { first, second in
      first.suspect.score == second.suspect.score
        ? isPreferred(first.feature, to: second.feature) : first.suspect.score > second.suspect.score
    }
    return withoutRepetitions(candidates)
  }

  /// An attribute of one service.
  private struct AttributeOwner: Hashable {
    var service: String
    var key: String

    init(_ feature: TraceFeature) {
      service = feature.service
      key = feature.key
    }
  }

  /// Attributes with more than one value. The name of the only pod says no more than that of its service.
  private func variedAttributes(_ tables: [FeatureTable]) -> Set<AttributeOwner> {
    var first: [AttributeOwner: String] = [:]
    var varied: Set<AttributeOwner> = []
    for table in tables {
      for feature in table.traces.keys where feature.kind == .attribute {
        let owner = AttributeOwner(feature)
        if let known = first[owner] {
          if known != feature.value { varied.insert(owner) }
        } else {
          first[owner] = feature.value
        }
      }
    }
    return varied
  }

  /// Whether traces with the feature are bad more often than they were in the baseline.
  private func hasGrown(_ feature: TraceFeature, _ bad: Int, _ rest: Int, _ oldBad: Int, _ oldRest: Int) -> Bool {
    guard sample.hasRates else { return true }
    // Without a baseline, traces through a service that fails now and then would stand out too: ask for more.
    if sample.baselineCounts.all < 10 {
      return Statistics.lift(Double(bad), of: Double(sample.bad.count), Double(rest), of: Double(sample.rest.count))
        >= 3
        && bad * 5 >= bad + rest
    }
    // A feature that the baseline hardly knows is new, which is telling enough.
    guard oldBad + oldRest >= 10 else { return true }
    // Samples of the groups may be cut; the shares of the groups put them right.
    let scale = { (group: [Trace], total: Int) in group.isEmpty ? 1 : Double(total) / Double(group.count) }
    let now = sample.windowCounts
    let before = sample.baselineCounts
    let badNow = Double(bad) * scale(sample.bad, now.bad)
    let allNow = badNow + Double(rest) * scale(sample.rest, now.all - now.bad)
    let badThen = Double(oldBad) * scale(sample.baselineBad, before.bad)
    let allThen = badThen + Double(oldRest) * scale(sample.baselineRest, before.all - before.bad)
    return Statistics.lift(badNow, of: allNow, badThen, of: allThen) > 1.5
      && Statistics.gStatistic(badNow, of: allNow, badThen, of: allThen) > SuspectAnalysis.significance
  }

  private func candidate(
    _ feature: TraceFeature, _ traces: [Int], _ inRest: Int, lift: Double, score: Double
  ) -> Candidate {
    var suspect = Suspect(kind: feature.kind == .operation ? .operation : .attribute, service: feature.service)
    if feature.kind == .operation {
      suspect.span = feature.value
    } else {
      suspect.attribute = feature.key
      suspect.value = feature.value
    }
    suspect.bad = .init(count: traces.count, total: sample.bad.count)
    suspect.rest = .init(count: inRest, total: sample.rest.count)
    suspect.lift = lift
    suspect.score = score
    suspect.text =
      "\(name(of: feature)): in \(traces.count) of \(sample.bad.count) failing or slow traces and in \(inRest) of "
      + "\(sample.rest.count) others"
    let specific = traces.count * 2 >= sample.bad.count && lift >= 2
    return Candidate(suspect: suspect, feature: feature, bad: traces, isSpecific: specific)
  }

  private func name(of feature: TraceFeature) -> String {
    feature.kind == .operation
      ? "\(feature.service) \(feature.value)" : "\(feature.key)=\(feature.value) on \(feature.service)"
  }

  /// Of features that say the same, the one of the service itself, then the attribute, then by name.
  private func isPreferred(_ first: TraceFeature, to second: TraceFeature) -> Bool {
    if first.kind != second.kind { return first.kind == .attribute }
    if (first.service == service) != (second.service == service) { return first.service == service }
    return (first.service, first.key, first.value) < (second.service, second.key, second.value)
  }

  /// Features that occur in nearly the same bad traces are one suspect; the others are named beside the first.
  private func withoutRepetitions(_ candidates: [Candidate]) -> [Candidate] {
    var kept: [Candidate] = []
    for candidate in candidates {
      let traces = Set(candidate.bad)
      if let same = kept.firstIndex(where: { overlap(Set($0.bad), traces) >= 0.9 }) {
        if kept[same].suspect.also.count < SuspectAnalysis.maximumAttributes {
          kept[same].suspect.also.append(name(of: candidate.feature))
        }
      } else if kept.count < SuspectAnalysis.maximumAttributes {
        kept.append(candidate)
      }
    }
    return kept
  }

  private func overlap(_ first: Set<Int>, _ second: Set<Int>) -> Double {
    Double(first.intersection(second).count) / Double(max(1, first.union(second).count))
  }

  // MARK: Dependencies

  /// Names in an attribute suspect where the trouble of its traces begins, if most agree.
  private func connect(_ candidate: inout Candidate, with culprits: [Culprit?]) {
    let own = candidate.bad.compactMap { culprits[$0] }
    guard let (dependency, count) = mostFrequent(own.map(\.dependency)), count * 2 > own.count else { return }
    candidate.suspect.dependency = dependency
    if let (span, _) = mostFrequent(own.filter { $0.dependency == dependency }.map(\.span)),
      candidate.suspect.span == nil
    {
      candidate.suspect.span = span
    }
    candidate.suspect.text += "; in \(count) of them the trouble begins in \(dependency)"
  }

  private func dependencySuspect(_ culprits: [Culprit?], baseline: [Culprit?]) -> Suspect? {
    let known = culprits.compactMap { $0 }
    guard let (dependency, count) = mostFrequent(known.map(\.dependency)), count >= SuspectAnalysis.minimumBad else {
      return nil
    }
    let before = baseline.compactMap { $0 }.filter { $0.dependency == dependency }.count
    var suspect = Suspect(kind: .dependency, service: dependency)
    suspect.bad = .init(count: count, total: sample.bad.count)
    suspect.dependency = dependency
    suspect.span = mostFrequent(known.filter { $0.dependency == dependency }.map(\.span))?.value
    if sample.hasRates, sample.baselineCounts.all >= 10 {
      let all = (now: Double(sample.windowCounts.all), before: Double(sample.baselineCounts.all))
      let scale = Double(sample.windowCounts.bad) / Double(sample.bad.count)
      let old = Double(before) * Double(sample.baselineCounts.bad) / Double(max(1, sample.baselineBad.count))
      suspect.score = Statistics.gStatistic(Double(count) * scale, of: all.now, old, of: all.before)
      let lift = Statistics.lift(Double(count) * scale, of: all.now, old, of: all.before)
      guard suspect.score > SuspectAnalysis.significance, lift > 1.5 else { return nil }
      suspect.lift = lift
      suspect.rest = .init(count: before, total: sample.baselineCounts.all)
      suspect.text =
        "\(dependency): the trouble of \(count) of \(sample.bad.count) failing or slow traces begins there; in the "
        + "baseline that of \(before) of \(sample.baselineCounts.all) traces"
    } else {
      // Without a baseline only a clear majority says anything.
      guard count * 2 > sample.bad.count else { return nil }
      if sample.hasRates, sample.windowCounts.bad * 5 < sample.windowCounts.all { return nil }
      suspect.text = "\(dependency): the trouble of \(count) of \(sample.bad.count) failing or slow traces begins there"
    }
    return suspect
  }

  private func mostFrequent(_ values: [String]) -> (value: String, count: Int)? {
    var counts: [String: Int] = [:]
    for value in values { counts[value, default: 0] += 1 }
    return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }.map { ($0.key, $0.value) }
  }
}

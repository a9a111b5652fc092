import Foundation
import OTLP
import Platform
import Relay
import TestSupport
import Testing
import TraceQL

@testable import Sampling

/// What the relay keeps is what `ongrid traceql` finds in the same recording.
@Suite struct AgreementTests {
  private static let policies = ProcessInfo.processInfo.environment["ONGRID_POLICIES"].flatMap { Int($0) } ?? 200

  @Test("random policies keep what the engine finds, spans coming in any order, in any requests")
  func random() throws {
    var random = SeededRandom()
    let shop = try Recording.shop()
    var kept = 0
    var tried = 0
    while tried < Self.policies {
      let policy = RandomPolicy(using: &random)
      guard let compiled = try? Self.policy(policy) else { continue }
      tried += 1
      let recording = shop.some(20, using: &random)
      let expected = try Self.expected(policy, recording)
      var settings = TraceSampler.Settings()
      settings.settle = .seconds(5)
      let sampler = try TraceSampler(compiled, settings, log: .discarding)
      let found = try Self.pass(recording.spans.shuffled(using: &random), through: sampler, using: &random)
      let ids = found.map(\.id)
      let note = "\(random.note): \(policy.rules.map { ($0.isDrop ? "--drop " : "--keep ") + $0.text })"
      #expect(Set(ids) == expected, "\(note)")
      #expect(ids.count == expected.count, "a span came twice: \(note)")
      #expect(sampler.droppedItems == recording.spans.count - ids.count, "\(note)")
      #expect(sampler.undecided.items == 0 && sampler.counters.openTraces.value == 0)
      kept += ids.count
      if Set(ids) != expected { return }
    }
    // It must be about something.
    #expect(kept > Self.policies)
  }

  static func policy(_ random: RandomPolicy) throws(PolicyError) -> Policy {
    var policy = Policy()
    for rule in random.rules { try policy.add(rule.isDrop ? .drop : .keep, rule.text) }
    return policy
  }

  /// The spans that the engine says are kept.
  static func expected(_ policy: RandomPolicy, _ recording: Recording) throws -> Set<String> {
    var rest = recording.spans
    for rule in policy.rules where rule.isDrop {
      let query = try Query(parsing: rule.text)
      guard SpanFilters.isCondition(query) else { continue }
      let dropped = try search(query, recording.spans).spans
      rest.removeAll { dropped.contains($0.id) }
    }
    var traces = Set(rest.map(\.traceID))
    if policy.rules.contains(where: { !$0.isDrop }) {
      var found: Set<String> = []
      for rule in policy.rules where !rule.isDrop {
        found.formUnion(try search(try Query(parsing: rule.text), rest).traces)
      }
      traces.formIntersection(found)
    }
    for rule in policy.rules where rule.isDrop {
      let query = try Query(parsing: rule.text)
      if !SpanFilters.isCondition(query) { traces.subtract(try search(query, rest).traces) }
    }
    return Set(rest.filter { traces.contains($0.traceID) }.map(\.id))
  }

  private static func search(
    _ query: Query, _ spans: [Recording.Span]
  ) throws -> (traces: Set<String>, spans: Set<String>) {
    var options = LocalEngine.Options()
    options.limit = 0
    options.spansPerSpanset = 0
    options.threads = 1
    let result = try LocalEngine(query, options).search(.memory(Recording.request(spans)))
    var found: Set<String> = []
    for trace in result.traces {
      for spanset in trace.spansets { for span in spanset.spans { found.insert("\(trace.traceID) \(span.spanID)") } }
    }
    return (Set(result.traces.map(\.traceID)), found)
  }

  /// Sends spans in requests of random sizes, time going on a little between them, and judges in the end.
  static func pass(
    _ spans: [Recording.Span], through sampler: TraceSampler, using random: inout SeededRandom
  ) throws -> [Recording.Span] {
    var kept = Recording([])
    func collect(_ outcome: StageOutcome) throws {
      for (request, items) in outcome.kept {
        let before = kept.spans.count
        try kept.add(request.view)
        #expect(kept.spans.count - before == items)
      }
    }
    var rest = spans[...]
    var now: Int64 = 1
    while !rest.isEmpty {
      let part = rest.prefix(Int.random(in: 1...30, using: &random))
      rest = rest.dropFirst(part.count)
      try collect(Recording.request(part).withByteView { sampler.take($0, row: nil, now: now) })
      now += Int64.random(in: 0...20_000_000, using: &random)
      if Bool.random(using: &random) { try collect(sampler.judge(now: now, all: false)) }
    }
    try collect(sampler.judge(now: now, all: true))
    return kept.spans
  }
}

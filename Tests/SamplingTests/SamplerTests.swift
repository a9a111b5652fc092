import OTLP
import Platform
import Relay
import TestSupport
import Testing

@testable import Sampling

@Suite struct SamplerTests {
  private let second: Int64 = 1_000_000_000

  /// A span of a trace whose lowest 56 bits are `randomness`.
  private func span(
    _ randomness: UInt64, trace: UInt64 = 1, id: UInt64 = 1, traceState: String = "", isError: Bool = false,
    name: String = "work"
  ) -> Recording.Span {
    var span = ByteBuffer()
    span.appendField(1) { out in
      out.append(bigEndian: trace)
      out.append(bigEndian: 0xaa << 56 | randomness)
    }
    span.appendField(2) { $0.append(bigEndian: id) }
    if !traceState.isEmpty { span.appendField(3, string: traceState) }
    span.appendField(5, string: name)
    span.appendField(7, fixed64: 1_795_400_000_000_000_000)
    span.appendField(8, fixed64: 1_795_400_000_001_000_000)
    if isError { span.appendField(15) { $0.appendField(3, varint: 2) } }
    return Recording.Span(resource: [], scope: [], bytes: [UInt8](span.view))
  }

  private func sampler(
    keep: [String] = [], drop: [String] = [], sample: String? = nil,
    _ change: (inout TraceSampler.Settings) -> Void = { _ in }
  ) throws -> TraceSampler {
    var policy = Policy()
    for text in drop { try policy.add(.drop, text) }
    for text in keep { try policy.add(.keep, text) }
    policy.sample = sample.flatMap { Policy.sample($0) }
    var settings = TraceSampler.Settings()
    change(&settings)
    return try TraceSampler(policy, settings, log: .discarding)
  }

  private func spans(_ outcome: StageOutcome) throws -> [Recording.Span] {
    var kept = Recording([])
    for (request, _) in outcome.kept { try kept.add(request.view) }
    return kept.spans
  }

  private func take(_ sampler: TraceSampler, _ given: [Recording.Span], now: Int64 = 1) throws -> [Recording.Span] {
    try spans(Recording.request(given).withByteView { sampler.take($0, row: nil, now: now) })
  }

  /// Random value, tracestate before, share, tracestate after; `nil`: not kept. With and without a rule that makes spans
  /// wait for their trace.
  @Test(
    "kept where the random value reaches the greater threshold, which the span then carries",
    arguments: [
      (0x80_0000_0000_0000, "", "50%", "ot=th:8"), (0x7f_ffff_ffff_ffff, "", "50%", nil),
      (0x80_0000_0000_0000, "ot=th:0", "50%", "ot=th:8"), (0xc0_0000_0000_0000, "ot=th:c", "50%", "ot=th:c"),
      (0xbf_ffff_ffff_ffff, "ot=th:c", "50%", nil), (0, "", "100%", "ot=th:0"),
      (
        0, "ot=rv:ffffffffffffff", "1%",
        "ot=th:fd70a;rv:ffffffffffffff"
      ), (0xff_ffff_ffff_ffff, "ot=rv:00000000000000", "50%", nil),
      (0xe7_0000_0000_0000, "ot=th:e666", "50%", "ot=th:e666"),
      (
        0xf4_0000_0000_0000, "a=b,ot=th:e666", "5%",
        "ot=th:f3333,a=b"
      ),
    ] as [(UInt64, String, String, String?)], [true, false])
  func thresholds(_ row: (UInt64, String, String, String?), waits: Bool) throws {
    let sampler = try sampler(keep: waits ? ["{ name = \"never\" }"] : [], sample: row.2)
    var kept = try take(sampler, [span(row.0, traceState: row.1)])
    #expect(kept.isEmpty || !waits)
    kept += try spans(sampler.judge(now: 20 * second, all: false))
    #expect(kept.first?.traceState == row.3)
  }

  @Test func whatARuleKeepsHasTheThresholdItHad() throws {
    let sampler = try sampler(keep: ["{ status = error }"], sample: "1%")
    let kept = try take(
      sampler,
      [span(1, id: 1, isError: true), span(1, id: 2, traceState: "ot=th:0"), span(1, trace: 2, traceState: "ot=th:8")])
    #expect(kept.map(\.traceState) == ["", "ot=th:0"])
  }

  @Test func spansThatComeLateGoTheirTracesWay() throws {
    let sampler = try sampler(keep: ["{ status = error }"], sample: "50%")
    let chosen = span(0xff_0000_0000_0000, trace: 1)
    let others = span(0, trace: 2)
    #expect(try take(sampler, [chosen, others]).isEmpty)
    #expect(try spans(sampler.judge(now: 9 * second, all: false)).isEmpty)
    #expect(try spans(sampler.judge(now: 11 * second, all: false)).map(\.id) == [chosen.id])
    let late = try take(
      sampler, [span(0xff_0000_0000_0000, trace: 1, id: 7), span(0, trace: 2, id: 7, isError: true)], now: 12 * second)
    #expect(late.map(\.traceState) == ["ot=th:8"])
    #expect(sampler.counters.lateSampled.value == 1 && sampler.counters.lateDropped.value == 1)
    #expect(sampler.droppedItems == 2 && sampler.undecided.items == 0)
  }

  @Test func aTraceRestsAnewWithEachSpan() throws {
    let sampler = try sampler(keep: ["{ } | count() > 2"])
    for time in 0..<3 { #expect(try take(sampler, [span(1, id: UInt64(time))], now: Int64(time) * 8 * second).isEmpty) }
    #expect(try spans(sampler.judge(now: 25 * second, all: false)).isEmpty)
    #expect(try spans(sampler.judge(now: 26 * second, all: false)).count == 3)
  }

  @Test func aDropOfTracesLetsNothingPassEarly() throws {
    let sampler = try sampler(keep: ["{ status = error }"], drop: ["{ name = \"a\" } && { name = \"b\" }"])
    #expect(try take(sampler, [span(1, isError: true), span(1, id: 2, name: "a")]).isEmpty)
    #expect(try take(sampler, [span(2, trace: 5, isError: true)]).isEmpty)
    // Certain now.
    #expect(try take(sampler, [span(1, id: 3, name: "b")]).isEmpty)
    #expect(sampler.undecided.items == 1)
    #expect(try spans(sampler.judge(now: 0, all: true)).map(\.id) == [span(2, trace: 5).id])
  }

  @Test func dropsOfSpansAloneHoldNothingBack() throws {
    let sampler = try sampler(drop: ["{ name = \"health\" }"])
    #expect(try take(sampler, [span(1, id: 1), span(1, id: 2, name: "health"), span(2, id: 3)]).count == 2)
    #expect(sampler.droppedItems == 1)
  }

  @Test func theBoundHolds() throws {
    let sampler = try sampler(keep: ["{ } | count() > 1"]) { $0.memory = 1 << 20 }
    var random = SeededRandom()
    var kept = 0
    let count = 3_000
    for trace in 0..<count {
      let name = String(repeating: "x", count: 1_000)
      kept += try take(
        sampler, [span(.random(in: 0...1000, using: &random), trace: UInt64(trace), name: name)], now: Int64(trace)
      ).count
      #expect(sampler.undecided.bytes <= 1 << 20)
    }
    #expect(sampler.counters.crowdedOut.value > count / 2)
    kept += try spans(sampler.judge(now: 0, all: true)).count
    #expect(kept == 0 && sampler.droppedItems == count)
    // Only what readers remember of shared headers is left.
    #expect(sampler.undecided.bytes < 16 << 10)
  }

  @Test func ratesLetSoManyTracesPass() throws {
    let sampler = try sampler(keep: ["2/s { status = error }"])
    let given = (1...5).map { span(1, trace: UInt64($0), isError: true) }
    #expect(try take(sampler, given).count == 2)
    // What had no room waits, and finds some later.
    #expect(try spans(sampler.judge(now: 11 * second, all: false)).count == 2)
    #expect(sampler.droppedItems == 1)
  }

  @Test("a row is settled once all traces in it are judged, and what was judged is not judged again")
  func rows() throws {
    let sampler = try sampler(keep: ["{ status = error }"])
    let first = Recording.request([span(1, trace: 1, isError: true), span(1, trace: 2)])
    let early = first.withByteView { sampler.take($0, row: 5, now: 1) }
    #expect(try spans(early).count == 1)
    #expect(early.settledRows.isEmpty && early.verdicts.count == 24)

    // A crash, then the same request again.
    let again = try self.sampler(keep: ["{ status = error }"])
    early.verdicts.withByteView { again.remember($0) }
    let taken = first.withByteView { again.takeAgain($0, row: 5, isSettled: true, now: 1) }
    #expect(taken.isEmpty)
    #expect(again.undecided.items == 1)
    let judged = again.judge(now: 11 * second, all: false)
    #expect(try spans(judged).isEmpty && judged.settledRows == [5])

    // One that was stored and not taken: its spans go their trace's way.
    let late = Recording.request([span(1, trace: 1, id: 9)])
    let outcome = late.withByteView { again.takeAgain($0, row: 6, isSettled: false, now: 1) }
    #expect(try spans(outcome).count == 1 && outcome.settledRows == [6])
  }
}

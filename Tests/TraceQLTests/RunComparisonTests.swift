import Foundation
import TestSupport
import Testing

@testable import TraceQL

/// What is called a change between two runs, and what is taken for chance.
@Suite struct RunComparisonTests {
  /// A few services that call one another; a trace takes a random part of the way.
  private struct System {
    /// The operations below each, and the middle of its own time in ms.
    static let calls: [(children: [Int], own: Double)] = [
      ([1, 2, 3], 4), ([4, 5], 6), ([6], 3), ([7], 5), ([], 12), ([8], 8), ([], 20), ([9], 2), ([], 7), ([], 30),
    ]

    var slowed: Int?
    var failing: Int?

    static func operation(_ number: Int) -> ServiceOperation {
      ServiceOperation(service: "service-\(number / 2)", name: "operation \(number)")
    }

    func record(_ traces: Int, _ random: inout SeededRandom) -> OperationRecording {
      var recording = OperationRecording()
      let places = System.calls.indices.map { recording.place(of: System.operation($0)) }
      for _ in 0..<traces {
        _ = call(0, places, &recording, &random)
        recording.endTrace()
      }
      return recording
    }

    /// Own times are log-normal with a standard deviation of 0.3, which is 95 % within a factor of 1.8.
    private func call(
      _ number: Int, _ places: [Int32], _ recording: inout OperationRecording, _ random: inout SeededRandom
    ) -> Double {
      let (u, v) = (Double.random(in: 1e-9..<1, using: &random), Double.random(in: 0..<1, using: &random))
      var own = System.calls[number].own * exp(0.3 * (-2 * log(u)).squareRoot() * cos(2 * .pi * v))
      var duration = own
      for child in System.calls[number].children where Double.random(in: 0..<1, using: &random) < 0.9 {
        duration += call(child, places, &recording, &random)
      }
      if number == slowed {
        own += duration * 0.2
        duration *= 1.2
      }
      let isError = Double.random(in: 0..<1, using: &random) < (number == failing ? 0.15 : 0.01)
      recording.add(
        places[number], isError: isError, isOrigin: isError, duration: Int64(duration * 1e6), ownTime: Int64(own * 1e6))
      return duration
    }
  }

  /// How many random comparisons are made; `ONGRID_COMPARISONS=100` for the figures of the documentation.
  private static let rounds = ProcessInfo.processInfo.environment["ONGRID_COMPARISONS"].flatMap { Int($0) } ?? 4

  @Test func halvesOfOneRecordingDoNotDiffer() throws {
    var random = SeededRandom(seed: 0x5EED)
    var called = 0
    for _ in 0..<Self.rounds {
      let comparison = RunComparison(System().record(200, &random), System().record(200, &random))
      if !comparison.regressions.isEmpty { called += 1 }
    }
    #expect(called <= Self.rounds / 100, "\(called) of \(Self.rounds)")
  }

  @Test func aFifthMoreIsFoundAndNamedFirst() throws {
    var random = SeededRandom(seed: 0xFACE)
    var found = 0
    for round in 0..<Self.rounds {
      let slowed = round % System.calls.count
      let comparison = RunComparison(System().record(200, &random), System(slowed: slowed).record(200, &random))
      let first = try #require(comparison.changes.first)
      if first.operation == System.operation(slowed), first.isRegression { found += 1 }
    }
    #expect(found * 100 >= Self.rounds * 95, "\(found) of \(Self.rounds)")
  }

  @Test func whatBeginsToFailIsNamedFirst() throws {
    var random = SeededRandom(seed: 7)
    let comparison = RunComparison(System().record(200, &random), System(failing: 6).record(200, &random))
    #expect(comparison.changes.first?.operation == System.operation(6))
    #expect(comparison.changes.first?.isSignificant(.errors) == true)
    #expect(comparison.regressions.map(\.operation) == [System.operation(6)])
  }

  @Test func whatIsNewOrGoneIsSaid() throws {
    var random = SeededRandom(seed: 1)
    let before = System().record(20, &random)
    var after = System().record(20, &random)
    after.add(
      after.place(of: ServiceOperation(service: "new", name: "x")), isError: false, isOrigin: false, duration: 5,
      ownTime: 5)
    after.add(OperationRecording.Edge(caller: "service-0", callee: "new"))
    after.endTrace()
    let comparison = RunComparison(before, after)
    #expect(comparison.changes.filter(\.isAdded).map(\.operation.service) == ["new"])
    #expect(comparison.addedEdges.map(\.callee) == ["new"])
    #expect(RunComparison(after, before).removedEdges.map(\.callee) == ["new"])
  }

  @Test func fewTracesTellNothing() {
    var random = SeededRandom(seed: 2)
    let comparison = RunComparison(System().record(4, &random), System(slowed: 9).record(4, &random))
    #expect(!comparison.isTested && comparison.regressions.isEmpty)
  }

  @Test func quantilesAreThoseOfSortedValues() {
    var random = SeededRandom()
    for _ in 0..<200 {
      let values = (0..<Int.random(in: 1...60, using: &random)).map { _ in Int64.random(in: 0...30, using: &random) }
      for percent in [1, 50, 95, 100] {
        var copy = values
        let wanted = values.sorted()[max(0, (values.count * percent + 99) / 100 - 1)]
        #expect(copy.quantile(percent) == wanted, "\(values) \(percent) \(random.note)")
      }
    }
    var none: [Int64] = []
    #expect(none.quantile(50) == 0)
  }

  /// The engine counts what the spans say: own time without children, failures where they begin, calls across services.
  @Test func operationsAreCountedFromSpans() throws {
    let spans = [
      TestTraces.Span(name: "root", start: 10, end: 20, isError: true, service: "a"),
      .init(id: 2, parent: 1, name: "call", start: 11, end: 15, isError: true, service: "b"),
      .init(id: 3, parent: 1, name: "call", start: 14, end: 16, service: "b"),
      .init(id: 4, trace: 2, name: "call", start: 30, end: 31, service: "b"),
    ]
    func recording(_ query: String) throws -> OperationRecording {
      try LocalEngine(Query(parsing: query)).operations(.memory(TestTraces.request(spans)))
    }
    let all = try recording("{ }")
    #expect(all.traces == 2 && all.spans == 4)
    let figures = all.figures
    let root = try #require(figures[ServiceOperation(service: "a", name: "root")])
    #expect(root.ownTime == 5_000_000_000 && root.errors == 1 && root.origins == 0)
    let call = try #require(figures[ServiceOperation(service: "b", name: "call")])
    #expect(call.calls == 3 && call.origins == 1 && call.percentile95 == 4_000_000_000 && call.median == 2_000_000_000)
    #expect(all.edges == [OperationRecording.Edge(caller: "a", callee: "b"): 2])
    #expect(try recording("{ status = error }").spans == 2)
  }
}

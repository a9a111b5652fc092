import TestSupport
import Testing
import Traces

struct CriticalPathTests {
  private func path(_ trace: Trace) -> [String] {
    CriticalPath(of: trace, from: trace.tree.top ?? 0).stretches.map {
      "\(trace.spans[$0.span].id) \($0.time.lowerBound)-\($0.time.upperBound)"
    }
  }

  @Test func followsTheChildThatEndedLast() {
    #expect(
      path(trace([(1, 0, 0, 10), (2, 1, 1, 4), (3, 1, 2, 8), (4, 3, 3, 5)]))
        == ["1 8-10", "1 0-1", "2 1-2", "3 5-8", "3 2-3", "4 3-5"])
  }

  @Test func aChildBeforeItsParentCountsNothing() {
    #expect(path(trace([(1, 0, 100, 110), (2, 1, 0, 99)])) == ["1 100-110"])
  }

  @Test func aChildThatOutlivesItsParentCountsInsideOfIt() {
    #expect(path(trace([(1, 0, 10, 20), (2, 1, 5, 30)])) == ["2 10-20"])
  }

  /// The stretches cover the time of the span at the top, each moment once.
  @Test func coversTheWholeSpan() {
    var random = SeededRandom()
    for _ in 0..<2_000 {
      let count = Int.random(in: 1...12, using: &random)
      let lines = (0..<count).map { index in
        let start = Int64.random(in: 0...30, using: &random)
        return (
          id: UInt64(index + 1), parent: UInt64.random(in: 0...UInt64(count), using: &random), start: start,
          end: start + Int64.random(in: -2...20, using: &random)
        )
      }
      let trace = trace(lines)
      let top = trace.tree.top ?? 0
      let stretches = CriticalPath(of: trace, from: top).stretches.map(\.time).sorted { $0.lowerBound < $1.lowerBound }
      var covered = trace.spans[top].start
      for stretch in stretches {
        #expect(stretch.lowerBound == covered, "seed \(random.seed): \(lines)")
        covered = stretch.upperBound
      }
      #expect(covered == max(trace.spans[top].start, trace.spans[top].end), "seed \(random.seed): \(lines)")
    }
  }
}

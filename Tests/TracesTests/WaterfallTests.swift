import TestSupport
import Testing
import Traces

struct WaterfallTests {
  private func bars(_ trace: Trace, width: Int) -> [String] {
    let waterfall = Waterfall(trace)
    return waterfall.rows.map { row in
      String(
        waterfall.cells(of: row.span, width: width).map { cell -> Character in
          switch cell {
          case .outside: "."
          case .running: "-"
          case .critical: "#"
          }
        })
    }
  }

  @Test func aParentIsNotCriticalWhileItsChildRuns() {
    #expect(bars(trace([(1, 0, 0, 100), (2, 1, 20, 80)]), width: 10) == ["##------##", "..######.."])
  }

  @Test func aChildFarBeforeItsParentLeavesTheParentsBarWhereItIs() {
    #expect(bars(trace([(1, 0, 90, 100), (2, 1, 0, 80)]), width: 10) == [".........#", "--------.."])
  }

  @Test func levelsStayOpenWhereChildrenFollow() {
    let rows = Waterfall(trace([(1, 0, 0, 9), (2, 1, 1, 9), (3, 2, 2, 9), (4, 1, 5, 9)])).rows
    #expect(rows.map(\.depth) == [0, 1, 2, 1])
    #expect(rows.map(\.isLast) == [true, false, true, true])
    #expect(rows.map(\.openLevels) == [0, 0, 1, 0])
  }

  @Test func aLongChainCostsWhatItsLengthIs() {
    func cost(_ count: Int) -> UInt64 {
      let lines = (0..<count).map {
        (id: UInt64($0 + 1), parent: UInt64($0), start: Int64($0), end: Int64(2 * count - $0))
      }
      let trace = trace(lines)
      return ProcessorTime.least(of: 3) {
        let waterfall = Waterfall(trace)
        for row in waterfall.rows { _ = waterfall.cells(of: row.span, width: 60) }
      }
    }
    let (few, many) = (cost(1_000), cost(9_000))
    #expect(many < few * 30, "\(few) ns for 1,000 spans, \(many) ns for 9,000")
  }
}

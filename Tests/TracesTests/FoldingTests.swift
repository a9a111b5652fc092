import Testing
import Traces

struct FoldingTests {
  /// 1 over 2 (over 3 and 4) and 5.
  private let tree = trace([(1, 0, 0, 100), (2, 1, 10, 50), (3, 2, 10, 20), (4, 2, 30, 31), (5, 1, 60, 62)])

  private func rows(_ folding: Waterfall.Folding) -> [String] {
    Waterfall(tree, folding).rows.map { row in
      let indent = String(repeating: " ", count: row.depth)
      return row.fold.map { "\(indent)+\($0.spans) \($0.longest)" } ?? "\(indent)\(tree.spans[row.span].id)"
    }
  }

  @Test func nothingFoldsUnlessAsked() { #expect(rows(.none) == ["1", " 2", "  3", "  4", " 5"]) }

  @Test func shortSpansFoldIntoOneRowForTheirParent() {
    #expect(rows(.init(below: 5)) == ["1", " 2", "  3", "  +1 1", " +1 2"])
    #expect(rows(.init(below: 30)) == ["1", " 2", "  +2 10", " +1 2"])
  }

  @Test func deepSpansFold() { #expect(rows(.init(maximumDepth: 1)) == ["1", " +4 40"]) }

  @Test func whatLeadsToACriticalSpanStays() {
    let rows = rows(.init(only: .critical))
    #expect(rows.first == "1" && rows.contains(" 2") && rows.contains("  3"))
  }

  @Test func everySpanIsShownOrCounted() {
    for depth in 1...4 {
      for below in [0, 2, 3, 11, 50, 200] {
        let waterfall = Waterfall(tree, .init(below: Int64(below), maximumDepth: depth))
        #expect(waterfall.rows.reduce(0) { $0 + ($1.fold?.spans ?? 1) } == 5, "depth \(depth), below \(below)")
      }
    }
  }
}

import TestSupport
import Testing
import Traces

struct TraceTreeTests {
  @Test func listsChildrenInOrderOfStart() {
    let trace = trace([(1, 0, 0, 9), (3, 1, 5, 6), (2, 1, 1, 2), (4, 3, 5, 6)])
    #expect(trace.ids(trace.roots) == [1])
    #expect(trace.ids(trace.children(of: 0)) == [2, 3])
    #expect(trace.ids(trace.tree.order.map(Int.init)) == [1, 2, 3, 4])
    #expect(Array(trace.tree.left) == [1, 2, 4, 5])
    #expect(Array(trace.tree.right) == [8, 3, 7, 6])
  }

  @Test func opensACycleAtItsEarliestSpan() {
    let trace = trace([(1, 3, 5, 9), (2, 1, 1, 2), (3, 2, 2, 3), (4, 1, 6, 7), (5, 5, 8, 9)])
    #expect(trace.ids(trace.roots) == [2, 5])
    #expect(trace.tree.order.count == 5)
    #expect(trace.tree.parent[0] == TraceTree.orphan)
    #expect(Array(trace.tree.left) == [0, 0, 0, 0, 0])
  }

  @Test func aRootStandsForTheTraceBeforeAnEarlierOrphan() {
    let trace = trace([(2, 9, 0, 1), (1, 0, 1, 5), (3, 0, 2, 3)])
    #expect(trace.root?.id == 1)
    #expect(trace.ids(trace.roots) == [2, 1, 3])
  }

  @Test func ofEqualIdsTheOtherSideOfTheCallIsTheParent() {
    let links: [TraceTree.Link] = [
      .init(id: 1, parentID: 0, kind: 3), .init(id: 1, parentID: 1, kind: 2), .init(id: 2, parentID: 1, kind: 3),
      .init(id: 3, parentID: 1, kind: 2),
    ]
    #expect(Array(TraceTree(links).parent) == [-1, 0, 1, 0])
  }

  /// Whatever the parents are, every span stands in the order once, below its parent.
  @Test func everySpanHasOnePlace() {
    var random = SeededRandom()
    for _ in 0..<2_000 {
      let count = Int.random(in: 1...12, using: &random)
      let lines = (0..<count).map { _ in
        (
          id: UInt64.random(in: 1...12, using: &random), parent: UInt64.random(in: 0...13, using: &random),
          start: Int64.random(in: 0...20, using: &random), end: Int64.random(in: 0...20, using: &random)
        )
      }
      let trace = trace(lines)
      #expect(trace.tree.order.sorted() == (0..<Int32(count)).map { $0 }, "seed \(random.seed): \(lines)")
      var seen = Set<Int32>()
      for span in trace.tree.order {
        let parent = trace.tree.parent[Int(span)]
        #expect(parent < 0 || seen.contains(parent), "seed \(random.seed): \(lines)")
        seen.insert(span)
      }
      #expect(Waterfall(trace).rows.map(\.span).sorted() == Array(0..<count), "seed \(random.seed): \(lines)")
    }
  }
}

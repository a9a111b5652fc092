/// How the spans of one trace hang together. Reused from trace to trace.
struct TraceTree {
  /// Number of the parent; `root` or `orphan` where there is none.
  private(set) var parent: ContiguousArray<Int32> = []
  /// How many children each span has.
  private(set) var childCount: ContiguousArray<Int32> = []
  /// Nested set numbers; 0 for spans that hang on no root.
  private(set) var left: ContiguousArray<Int32> = []
  private(set) var right: ContiguousArray<Int32> = []
  /// The spans that hang on a root or an orphan, parents before their children.
  private(set) var order: ContiguousArray<Int32> = []
  private var firstChild: ContiguousArray<Int32> = []
  private var nextSibling: ContiguousArray<Int32> = []
  private var byID: [Int32] = []

  /// In place of a parent: the span has none.
  static let root: Int32 = -1
  /// In place of a parent: it is not among the spans at hand.
  static let orphan: Int32 = -2

  /// Builds the tree of `spans`.
  mutating func build(_ spans: ArraySlice<SpanRecord>) {
    let count = spans.count
    let first = spans.startIndex
    parent = ContiguousArray(repeating: TraceTree.orphan, count: count)
    childCount = ContiguousArray(repeating: 0, count: count)
    left = childCount
    right = childCount
    firstChild = ContiguousArray(repeating: -1, count: count)
    nextSibling = firstChild
    byID = (0..<Int32(truncatingIfNeeded: count)).sorted {
      spans[first + Int($0)].spanID < spans[first + Int($1)].spanID
    }
    // From the last to the first, so that children are listed in the order of the spans.
    for index in stride(from: count - 1, through: 0, by: -1) {
      let span = spans[first + index]
      guard span.parentID != 0 else {
        parent[index] = TraceTree.root
        continue
      }
      guard let found = findParent(of: span, in: spans), found != index else { continue }
      parent[index] = Int32(truncatingIfNeeded: found)
      childCount[found] += 1
      nextSibling[index] = firstChild[found]
      firstChild[found] = Int32(truncatingIfNeeded: index)
    }
    number()
  }

  /// The span with the parent's id. Zipkin gives the client's and the server's span the same id: the kind decides then.
  private func findParent(of span: SpanRecord, in spans: ArraySlice<SpanRecord>) -> Int? {
    let first = spans.startIndex
    var low = 0
    var high = byID.count
    while low < high {
      let middle = (low + high) / 2
      if spans[first + Int(byID[middle])].spanID < span.parentID { low = middle + 1 } else { high = middle }
    }
    guard low < byID.count, spans[first + Int(byID[low])].spanID == span.parentID else { return nil }
    let one = Int(byID[low])
    guard low + 1 < byID.count, spans[first + Int(byID[low + 1])].spanID == span.parentID else { return one }
    if low + 2 < byID.count, spans[first + Int(byID[low + 2])].spanID == span.parentID { return nil }
    let other = Int(byID[low + 1])
    let (server, client): (UInt8, UInt8) = (2, 3)
    let wanted = span.kind == server ? client : server
    return spans[first + one].kind == wanted ? one : spans[first + other].kind == wanted ? other : nil
  }

  /// Numbers the spans depth first and lists them parents first. Spans on a cycle are in neither.
  private mutating func number() {
    order.removeAll(keepingCapacity: true)
    var bound: Int32 = 1
    for start in parent.indices where parent[start] == TraceTree.root {
      walk(from: start) { span, enters, tree in
        if enters { tree.left[span] = bound } else { tree.right[span] = bound }
        bound &+= 1
      }
    }
    for start in parent.indices where parent[start] == TraceTree.orphan { walk(from: start) { _, _, _ in } }
  }

  private mutating func walk(from start: Int, _ visit: (Int, _ enters: Bool, inout TraceTree) -> Void) {
    var span = start
    order.append(Int32(truncatingIfNeeded: span))
    visit(span, true, &self)
    while true {
      if firstChild[span] >= 0 {
        // The list of children is used up on the way, which makes it its own bookmark.
        let child = Int(firstChild[span])
        firstChild[span] = nextSibling[child]
        span = child
        order.append(Int32(truncatingIfNeeded: span))
        visit(span, true, &self)
      } else {
        visit(span, false, &self)
        if span == start { return }
        span = Int(parent[span])
      }
    }
  }

  /// The nested set number of the parent: -1 for a root, 0 for an orphan.
  func nestedParent(_ span: Int) -> Int {
    let above = parent[span]
    return above == TraceTree.root ? -1 : above < 0 ? 0 : Int(left[Int(above)])
  }
}

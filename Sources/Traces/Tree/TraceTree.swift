/// How the spans of one trace hang together: the one rule for all who draw, measure or query a trace.
///
/// - A span whose parent id is empty is a root; there may be several.
/// - A span whose parent is not among the spans is an orphan: the top of a tree of its own, but no root.
/// - A cycle of parents is opened at its earliest span, which then counts as an orphan.
/// - Of spans with the same id, the parent is the other side of the call if the kinds tell (Zipkin gives client and
///   server one id), and otherwise the earliest.
///
/// Spans are numbered in the order in which they are handed over, which should be the order of their start. A tree can be
/// built again and again without new memory.
public struct TraceTree: Sendable {
  /// What a tree needs of a span.
  public struct Link: Sendable {
    public let id: UInt64
    /// 0 for a root.
    public let parentID: UInt64
    /// OTLP's number of the kind.
    public let kind: UInt8

    @inlinable
    public init(id: UInt64, parentID: UInt64, kind: UInt8) {
      self.id = id
      self.parentID = parentID
      self.kind = kind
    }
  }

  /// In place of a parent: the span has none.
  public static let root: Int32 = -1
  /// In place of a parent: it is not among the spans at hand.
  public static let orphan: Int32 = -2

  /// Number of each span's parent; `root` or `orphan` where there is none.
  public private(set) var parent: ContiguousArray<Int32> = []
  /// How many children each span has.
  public private(set) var childCount: ContiguousArray<Int32> = []
  /// Nested set numbers; 0 for spans that hang on no root.
  public private(set) var left: ContiguousArray<Int32> = []
  public private(set) var right: ContiguousArray<Int32> = []
  /// All spans, parents before their children, the trees of roots before those of orphans.
  public private(set) var order: ContiguousArray<Int32> = []
  private var firstChild: ContiguousArray<Int32> = []
  private var nextSibling: ContiguousArray<Int32> = []
  private var byID: ContiguousArray<(id: UInt64, span: Int32)> = []

  public init() {}

  public init(_ links: some Collection<Link>) {
    build(ContiguousArray(links))
  }

  /// Builds the tree of other spans.
  public mutating func build(_ links: ContiguousArray<Link>) {
    TraceTree.reset(&parent, TraceTree.orphan, links.count)
    findParents(links)
    link()
    number()
    if order.count < links.count {
      openCycles()
      link()
      number()
    }
  }

  private static func reset(_ array: inout ContiguousArray<Int32>, _ value: Int32, _ count: Int) {
    array.removeAll(keepingCapacity: true)
    array.append(contentsOf: repeatElement(value, count: count))
  }

  // MARK: Parents

  private mutating func findParents(_ links: ContiguousArray<Link>) {
    byID.removeAll(keepingCapacity: true)
    for (span, link) in links.enumerated() { byID.append((link.id, Int32(truncatingIfNeeded: span))) }
    byID.sort { ($0.id, $0.span) < ($1.id, $1.span) }
    for (span, link) in links.enumerated() {
      if link.parentID == 0 {
        parent[span] = TraceTree.root
      } else if let found = findParent(of: link, links), Int(found) != span {
        parent[span] = found
      }
    }
  }

  private func findParent(of link: Link, _ links: ContiguousArray<Link>) -> Int32? {
    var low = 0
    var high = byID.count
    while low < high {
      let middle = (low + high) / 2
      if byID[middle].id < link.parentID { low = middle + 1 } else { high = middle }
    }
    guard low < byID.count, byID[low].id == link.parentID else { return nil }
    let earliest = byID[low].span
    guard low + 1 < byID.count, byID[low + 1].id == link.parentID else { return earliest }
    let (server, client): (UInt8, UInt8) = (2, 3)
    let other = link.kind == server ? client : server
    let same = byID[low...].prefix { $0.id == link.parentID }
    return same.first { links[Int($0.span)].kind == other }?.span ?? earliest
  }

  /// Makes the earliest span of every cycle an orphan. Only spans that no walk reached can lie on one.
  private mutating func openCycles() {
    // 0: not seen, 1: on the path walked now, 2: known to lead out.
    var state = [UInt8](repeating: 0, count: parent.count)
    for span in order { state[Int(span)] = 2 }
    var path: [Int] = []
    for start in parent.indices where state[start] == 0 {
      path.removeAll(keepingCapacity: true)
      var current = start
      while state[current] == 0 {
        state[current] = 1
        path.append(current)
        current = Int(parent[current])
      }
      if state[current] == 1, let from = path.firstIndex(of: current), let earliest = path[from...].min() {
        parent[earliest] = TraceTree.orphan
      }
      for span in path { state[span] = 2 }
    }
  }

  // MARK: Order

  private mutating func link() {
    TraceTree.reset(&childCount, 0, parent.count)
    TraceTree.reset(&firstChild, -1, parent.count)
    TraceTree.reset(&nextSibling, -1, parent.count)
    // From the last to the first, so that children are listed in the order of the spans.
    for span in parent.indices.reversed() where parent[span] >= 0 {
      let above = Int(parent[span])
      childCount[above] += 1
      nextSibling[span] = firstChild[above]
      firstChild[above] = Int32(truncatingIfNeeded: span)
    }
  }

  private mutating func number() {
    TraceTree.reset(&left, 0, parent.count)
    TraceTree.reset(&right, 0, parent.count)
    order.removeAll(keepingCapacity: true)
    var bound: Int32 = 1
    for start in parent.indices where parent[start] == TraceTree.root { walk(from: start, &bound) }
    for start in parent.indices where parent[start] == TraceTree.orphan { append(from: start) }
  }

  /// Lists and numbers the tree below `start`, depth first and without recursion.
  private mutating func walk(from start: Int, _ bound: inout Int32) {
    var span = start
    while true {
      order.append(Int32(truncatingIfNeeded: span))
      left[span] = bound
      bound &+= 1
      if firstChild[span] >= 0 {
        span = Int(firstChild[span])
        continue
      }
      right[span] = bound
      bound &+= 1
      while span != start, nextSibling[span] < 0 {
        span = Int(parent[span])
        right[span] = bound
        bound &+= 1
      }
      if span == start { return }
      span = Int(nextSibling[span])
    }
  }

  private mutating func append(from start: Int) {
    var bound: Int32 = 1
    let first = order.count
    walk(from: start, &bound)
    for span in order[first...] {
      left[Int(span)] = 0
      right[Int(span)] = 0
    }
  }

  // MARK: Looking

  /// Spans without a parent among the spans at hand, in order: roots and orphans alike.
  public var tops: [Int] { parent.indices.filter { parent[$0] < 0 } }

  /// The span that stands for the trace: the earliest root, or without any the earliest orphan.
  public var top: Int? { parent.firstIndex(of: TraceTree.root) ?? parent.firstIndex { $0 < 0 } }

  /// The children of a span, in order.
  public func children(of span: Int) -> Children { Children(nextSibling: nextSibling, upcoming: firstChild[span]) }

  /// Numbers of the children of one span.
  public struct Children: Sequence, IteratorProtocol {
    fileprivate let nextSibling: ContiguousArray<Int32>
    fileprivate var upcoming: Int32

    /// Whether no child is left.
    public var isEmpty: Bool { upcoming < 0 }

    public mutating func next() -> Int? {
      guard upcoming >= 0 else { return nil }
      let child = Int(upcoming)
      upcoming = nextSibling[child]
      return child
    }
  }

  /// The nested set number of the parent: -1 for a root, 0 for an orphan.
  public func nestedParent(_ span: Int) -> Int {
    let above = parent[span]
    return above == TraceTree.root ? -1 : above < 0 ? 0 : Int(left[Int(above)])
  }
}

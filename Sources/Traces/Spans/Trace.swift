/// The spans of one trace, as a tree.
public struct Trace: Sendable {
  /// 32 hexadecimal digits.
  public let id: String
  /// In order of start; of equal ones the longer first.
  public let spans: [TraceSpan]
  /// How they hang together, by their place in `spans`.
  public let tree: TraceTree

  public init(id: String, spans unordered: [TraceSpan]) {
    self.id = id
    let spans = unordered.sorted { ($0.start, $1.end, $0.id) < ($1.start, $0.end, $1.id) }
    self.spans = spans
    tree = TraceTree(
      spans.lazy.map {
        TraceTree.Link(id: $0.id, parentID: $0.parent, kind: UInt8(truncatingIfNeeded: $0.kind.rawValue))
      })
  }

  /// Places of the spans whose parent is not in the trace, in order of start; never empty when there are spans.
  public var roots: [Int] { tree.tops }

  /// The span that stands for the trace: the earliest one without a parent, or where that is missing the earliest whose
  /// parent is.
  public var root: TraceSpan? { tree.top.map { spans[$0] } }

  /// Places of a span's children, in order of start.
  public func children(of index: Int) -> TraceTree.Children { tree.children(of: index) }

  public func parent(of index: Int) -> Int? {
    let parent = tree.parent[index]
    return parent < 0 ? nil : Int(parent)
  }

  /// Unix nanoseconds.
  public var start: Int64 { spans.first?.start ?? 0 }
  public var end: Int64 { spans.map(\.end).max() ?? 0 }
  /// Nanoseconds.
  public var duration: Int64 { max(0, end &- start) }

  /// The spans on the critical path below a span, and the nanoseconds for which each was waited for itself.
  public func criticalPath(from top: Int) -> [(span: Int, selfTime: Int64)] {
    CriticalPath(of: self, from: top).selfTimes
  }
}

/// A trace in few rows: spans that failed and spans that the whole trace waited for stay, with what leads to them; all
/// others are counted.
public struct TraceOutline: Sendable {
  /// From every span in a row of its own to one row for each place.
  public enum Detail: Sendable, CaseIterable {
    /// A row for each span.
    case everything
    /// A row for each span that failed or was waited for, and for those above them.
    case telling
    /// The same with spans alike in one row: of one place, below spans alike.
    case merged
    /// No tree: first the places that failed, most often first, then those that were waited for, longest first.
    case places
  }

  public struct Row: Sendable {
    /// The first span that it stands for, by its place in the trace.
    public let span: Int
    public let depth: Int
    /// How many spans it stands for.
    public var count = 0
    public var errors = 0
    /// Of the longest, nanoseconds.
    public var longest: Int64 = 0
    /// For how long the trace waited for these spans themselves, nanoseconds.
    public var critical: Int64 = 0
    /// Whether its spans have no more in common than the one above them.
    public let isFold: Bool

    fileprivate init(span: Int, depth: Int, isFold: Bool) {
      self.span = span
      self.depth = depth
      self.isFold = isFold
    }

    fileprivate mutating func add(_ record: TraceSpan, critical: Int64) {
      count += 1
      errors += record.isError ? 1 : 0
      longest = max(longest, record.duration)
      self.critical &+= critical
    }
  }

  public let trace: Trace
  public let rows: [Row]

  public init(_ trace: Trace, _ detail: Detail) {
    self.trace = trace
    var critical = [Int64](repeating: 0, count: trace.spans.count)
    for (span, time) in trace.criticalPath(from: trace.tree.top ?? 0) { critical[span] = time }
    switch detail {
    case .everything: rows = TraceOutline.tree(trace, critical, isShown: { _ in true }, merges: false)
    case .telling, .merged:
      let isShown = TraceOutline.telling(trace, critical)
      rows = TraceOutline.tree(trace, critical, isShown: { isShown[$0] }, merges: detail == .merged)
    case .places: rows = TraceOutline.places(trace, critical)
    }
  }

  /// Spans that failed or were waited for, and those above them.
  private static func telling(_ trace: Trace, _ critical: [Int64]) -> [Bool] {
    var isShown = [Bool](repeating: false, count: trace.spans.count)
    for span in trace.tree.order.reversed().lazy.map(Int.init) {
      if trace.spans[span].isError || critical[span] > 0 { isShown[span] = true }
      if isShown[span], let parent = trace.parent(of: span) { isShown[parent] = true }
    }
    return isShown
  }

  /// What makes spans alike.
  private struct Key: Hashable {
    var parent: Int
    var service: String
    var name: String
    var isError: Bool
    /// The span, where each has a node of its own.
    var span: Int
  }

  private struct Node {
    var row: Row
    var children: [Int] = []
    /// The spans below that are not shown.
    var fold: Row?
  }

  private static func tree(
    _ trace: Trace, _ critical: [Int64], isShown: (Int) -> Bool, merges: Bool
  ) -> [Row] {
    // The first node stands above all, so that spans without a parent are its children.
    var nodes = [Node(row: Row(span: 0, depth: -1, isFold: false))]
    var known: [Key: Int] = [:]
    var nodeOf = [Int](repeating: 0, count: trace.spans.count)
    for span in trace.tree.order.lazy.map(Int.init) {
      let record = trace.spans[span]
      let above = trace.parent(of: span).map { nodeOf[$0] } ?? 0
      guard isShown(span) else {
        nodeOf[span] = above
        var fold = nodes[above].fold ?? Row(span: span, depth: nodes[above].row.depth + 1, isFold: true)
        fold.add(record, critical: critical[span])
        nodes[above].fold = fold
        continue
      }
      let key = Key(
        parent: above, service: record.service, name: record.name, isError: record.isError, span: merges ? 0 : span)
      let node: Int
      if let found = known[key] {
        node = found
      } else {
        node = nodes.count
        known[key] = node
        nodes.append(Node(row: Row(span: span, depth: nodes[above].row.depth + 1, isFold: false)))
        nodes[above].children.append(node)
      }
      nodeOf[span] = node
      nodes[node].row.add(record, critical: critical[span])
    }
    var rows: [Row] = []
    var pending = Array(nodes[0].children.reversed())
    while let next = pending.popLast() {
      rows.append(nodes[next].row)
      if let fold = nodes[next].fold { rows.append(fold) }
      pending += nodes[next].children.reversed()
    }
    if let fold = nodes[0].fold { rows.append(fold) }
    return rows
  }

  private static func places(_ trace: Trace, _ critical: [Int64]) -> [Row] {
    struct Place: Hashable {
      var service: String
      var name: String
      var message: String?
    }
    var rows: [Place: Row] = [:]
    var rest = Row(span: 0, depth: 0, isFold: true)
    for (span, record) in trace.spans.enumerated() {
      guard record.isError || critical[span] > 0 else {
        rest.add(record, critical: 0)
        continue
      }
      let place = Place(service: record.service, name: record.name, message: record.isError ? record.message : nil)
      rows[place, default: Row(span: span, depth: 0, isFold: false)].add(record, critical: critical[span])
    }
    let sorted = rows.values.sorted { ($1.errors, $1.critical, $0.span) < ($0.errors, $0.critical, $1.span) }
    return sorted + (rest.count > 0 ? [rest] : [])
  }
}

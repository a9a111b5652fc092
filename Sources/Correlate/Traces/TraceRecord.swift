import OTLP
import Platform

/// A span as the analysis needs it: copied once out of the bytes it came in.
public struct SpanRecord: Sendable {
  public var id: UInt64
  /// 0 for none.
  public var parent: UInt64
  public var service: String
  public var name: String
  public var kind: SpanKind
  /// Unix nanoseconds.
  public var start: Int64
  public var end: Int64
  public var isError: Bool
  public var message: String
  /// Of the span, then of the resource; `service.name` is left out.
  public var attributes: [Attribute]
  /// How many of `attributes` are the span's own.
  public var ownAttributes: Int

  public struct Attribute: Sendable, Hashable {
    public var key: String
    public var value: String
  }

  public var duration: Int64 { max(0, end &- start) }

  /// The value of an attribute of the span or its resource.
  public func value(_ key: String) -> String? { attributes.first { $0.key == key }?.value }

  /// 16 hexadecimal digits.
  public var idText: String { SpanRecord.text(id) }
  public var parentText: String? { parent == 0 ? nil : SpanRecord.text(parent) }

  private static func text(_ id: UInt64) -> String {
    let digits = String(id, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// The spans of one trace, as a tree.
public struct TraceRecord: Sendable {
  /// 32 hexadecimal digits.
  public let id: String
  /// In order of start.
  public let spans: [SpanRecord]
  /// Indices of each span's children, in order of start.
  let children: [[Int]]
  /// Spans whose parent is not in the trace, in order of start; never empty when there are spans.
  let roots: [Int]

  /// A span that names itself or a later relative as its parent is treated as a root, so that the tree has no cycle.
  public init(id: String, spans unordered: [SpanRecord]) {
    self.id = id
    let spans = unordered.sorted { $0.start == $1.start ? $0.end > $1.end : $0.start < $1.start }
    self.spans = spans
    var places: [UInt64: Int] = [:]
    for (index, span) in spans.enumerated() where places[span.id] == nil { places[span.id] = index }
    var parents = spans.enumerated().map { index, span -> Int? in
      guard span.parent != 0, let parent = places[span.parent], parent != index else { return nil }
      return parent
    }
    TraceRecord.breakCycles(&parents)
    var children = [[Int]](repeating: [], count: spans.count)
    var roots: [Int] = []
    for (index, parent) in parents.enumerated() {
      if let parent { children[parent].append(index) } else { roots.append(index) }
    }
    self.children = children
    self.roots = roots
  }

  private static func breakCycles(_ parents: inout [Int?]) {
    // 0: not seen, 1: on the path walked now, 2: known to lead to a root.
    var state = [UInt8](repeating: 0, count: parents.count)
    for start in parents.indices {
      var path: [Int] = []
      var current: Int? = start
      while let index = current, state[index] == 0 {
        state[index] = 1
        path.append(index)
        current = parents[index]
      }
      if let index = current, state[index] == 1 { parents[index] = nil }
      for index in path { state[index] = 2 }
    }
  }

  public var root: SpanRecord? { roots.first.map { spans[$0] } }

  /// Unix nanoseconds.
  public var start: Int64 { spans.first?.start ?? 0 }
  public var end: Int64 { spans.map(\.end).max() ?? 0 }
  public var duration: Int64 { max(0, end &- start) }

  func parent(of index: Int) -> Int? {
    let parent = spans[index].parent
    return parent == 0 ? nil : spans.firstIndex { $0.id == parent }.flatMap { children[$0].contains(index) ? $0 : nil }
  }

  /// Time on the critical path by span: the part of the trace's duration that would pass less if that span alone were
  /// faster. Walked backwards from the end of `top`: of the children that ended last, the time of the last counts, and
  /// what no child covers is the span's own.
  func criticalPath(from top: Int) -> [(span: Int, selfTime: Int64)] {
    var result: [Int: Int64] = [:]
    var order: [Int] = []
    // Each entry: a span and the moment from which it is walked backwards.
    var pending: [(span: Int, until: Int64)] = [(top, spans[top].end)]
    while let (index, until) = pending.popLast() {
      let span = spans[index]
      var cursor = min(span.end, until)
      var own: Int64 = 0
      for child in children[index].sorted(by: { spans[$0].end > spans[$1].end }) {
        let childEnd = min(spans[child].end, cursor)
        let childStart = max(spans[child].start, span.start)
        // A child that ended before the walk's present, and not one that a later one ran beside.
        guard spans[child].end <= cursor || spans[child].start < cursor, childEnd > childStart else { continue }
        own &+= max(0, cursor &- childEnd)
        pending.append((child, childEnd))
        cursor = childStart
        if cursor <= span.start { break }
      }
      own &+= max(0, cursor &- span.start)
      if result[index] == nil { order.append(index) }
      result[index, default: 0] &+= own
    }
    return order.map { ($0, result[$0] ?? 0) }
  }
}

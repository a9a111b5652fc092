import OTLP
import Platform

/// A trace as a tree of spans, with the path that made it last as long as it did.
struct WaterfallTree {
  struct Node {
    let id: String
    let name: String
    let service: String
    /// ns since 1970.
    let start: UInt64
    /// ns since 1970; never before `start`.
    let end: UInt64
    let isError: Bool
    let message: String
    let hasMissingParent: Bool
    fileprivate(set) var children: [Int] = []
    /// Stretches of time in which the whole trace waited for this span itself.
    fileprivate(set) var critical: [Range<UInt64>] = []
  }

  private(set) var nodes: [Node] = []
  /// Spans without a parent among the spans at hand, by start.
  private(set) var roots: [Int] = []
  private(set) var traceID = ""

  /// Reads an OTLP request that holds one trace.
  init(_ otlp: [UInt8]) throws(WireError) {
    var parents: [String] = []
    try otlp.withByteView { view throws(WireError) in
      var resources = RequestView(view).resourceSpans
      while let resource = try resources.next() {
        let service = try WaterfallTree.service(resource.resource)
        var scopes = resource.scopeSpans
        while let scope = try scopes.next() {
          var spans = scope.spans
          while let span = try spans.next() {
            if traceID.isEmpty { traceID = WaterfallTree.hexadecimal(span.traceID) }
            parents.append(WaterfallTree.hexadecimal(span.parentSpanID))
            nodes.append(
              Node(
                id: WaterfallTree.hexadecimal(span.spanID), name: String(span.name), service: service,
                start: span.startTimeUnixNano, end: max(span.startTimeUnixNano, span.endTimeUnixNano),
                isError: span.statusCode == 2, message: String(span.statusMessage),
                hasMissingParent: !parents[parents.count - 1].allSatisfy { $0 == "0" }))
          }
        }
      }
    }
    link(parents)
    markCriticalPath()
  }

  private mutating func link(_ parents: [String]) {
    var byID: [String: Int] = [:]
    for index in nodes.indices where byID[nodes[index].id] == nil { byID[nodes[index].id] = index }
    let order = nodes.indices.sorted { (nodes[$0].start, nodes[$0].id) < (nodes[$1].start, nodes[$1].id) }
    for index in order {
      // A chain of parents that leads back to the span itself would hide it: such a span stands as a root.
      if let parent = byID[parents[index]], !leads(parent, to: index, byID, parents) {
        nodes[parent].children.append(index)
        nodes[index] = nodes[index].found
      } else {
        roots.append(index)
      }
    }
  }

  private func leads(_ from: Int, to target: Int, _ byID: [String: Int], _ parents: [String]) -> Bool {
    var current = from
    for _ in nodes.indices {
      if current == target { return true }
      guard let next = byID[parents[current]] else { return false }
      current = next
    }
    return true
  }

  /// From the end backwards: of what runs in a span, the child that ended last is what it waited for, up to the start of
  /// that child; what is left is the span's own time.
  private mutating func markCriticalPath() {
    guard let first = roots.first else { return }
    var pending = [(span: first, until: nodes[first].end)]
    while let (span, until) = pending.popLast() {
      var at = min(until, nodes[span].end)
      for child in nodes[span].children.sorted(by: { nodes[$0].end > nodes[$1].end }) {
        let end = min(nodes[child].end, at)
        guard nodes[child].start < end, nodes[child].end <= at || nodes[child].start < at else { continue }
        if end < at { nodes[span].critical.append(end..<at) }
        pending.append((child, end))
        at = max(nodes[child].start, nodes[span].start)
        if at <= nodes[span].start { break }
      }
      if nodes[span].start < at { nodes[span].critical.append(nodes[span].start..<at) }
    }
  }

  private static func service(_ resource: ResourceView) throws(WireError) -> String {
    var attributes = resource.attributes
    while let attribute = try attributes.next() {
      if attribute.key.equals("service.name"), case .string(let name) = try attribute.value { return String(name) }
    }
    return ""
  }

  private static func hexadecimal(_ id: ByteView) -> String {
    id.buffer.prefix(32).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension WaterfallTree.Node {
  /// The same span, its parent found.
  fileprivate var found: WaterfallTree.Node {
    var node = WaterfallTree.Node(
      id: id, name: name, service: service, start: start, end: end, isError: isError, message: message,
      hasMissingParent: false)
    node.children = children
    node.critical = critical
    return node
  }
}

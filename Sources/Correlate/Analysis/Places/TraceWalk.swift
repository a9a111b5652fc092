import OTLP
import Platform
import Traces

/// Walks the traces that go through a service and notes what each of their places did.
struct TraceWalk {
  private let table: SpanTable
  private var observations: Observations
  private var tree = TraceTree()
  private var links: ContiguousArray<TraceTree.Link> = []
  private var children: [Int] = []
  private var things: [(thing: Observations.Thing, count: Int64)] = []

  private static let client = UInt8(SpanKind.client.rawValue)
  private static let producer = UInt8(SpanKind.producer.rawValue)
  private static let consumer = UInt8(SpanKind.consumer.rawValue)

  /// A trace with more spans is one that never ends; it is compared by its first.
  private static let maximumSpans = 20_000
  /// An operation that does more different things has names made of ids.
  private static let maximumThings = 64

  private init(_ table: SpanTable, grid: TimeGrid) {
    self.table = table
    observations = Observations(grid: grid)
  }

  /// - Parameters:
  ///   - traces: The spans of each trace, in order of start.
  ///   - logs: Templates that the spans of a trace wrote.
  static func observe(_ table: SpanTable, _ traces: [ArraySlice<SpanTable.Entry>], grid: TimeGrid, logs: LogWitness?)
    -> Observations
  {
    var walk = TraceWalk(table, grid: grid)
    for trace in traces {
      guard let first = trace.first, let slot = grid.slot(of: first.start) else { continue }
      walk.add(trace.prefix(maximumSpans), slot: slot)
      logs?.note(trace, table, slot: slot, in: &walk.observations)
    }
    logs?.noteLoose(table, in: &walk.observations)
    walk.observations.templates = logs?.templates ?? []
    return walk.observations
  }

  private mutating func add(_ spans: ArraySlice<SpanTable.Entry>, slot: Int) {
    let base = spans.startIndex
    links.removeAll(keepingCapacity: true)
    for span in spans { links.append(.init(id: span.id, parentID: span.parent, kind: span.kind)) }
    tree.build(links)
    observations.addTrace(slot: slot, duration: tree.top.map { spans[base + $0].duration } ?? 0)
    for index in 0..<spans.count {
      children.removeAll(keepingCapacity: true)
      for child in tree.children(of: index) { children.append(child) }
      let span = spans[base + index]
      if span.kind == TraceWalk.client || span.kind == TraceWalk.producer {
        call(span, spans, base, slot)
      } else {
        operation(span, index, spans, base, slot)
      }
      outcome(span, index, spans, base, slot)
    }
  }

  private func service(_ span: SpanTable.Entry) -> Int32 { table.service(of: span.place) }

  /// The first child that another service recorded.
  private func callee(_ span: SpanTable.Entry, _ spans: ArraySlice<SpanTable.Entry>, _ base: Int) -> SpanTable.Entry? {
    for child in children where service(spans[base + child]) != service(span) { return spans[base + child] }
    return nil
  }

  private mutating func call(
    _ span: SpanTable.Entry, _ spans: ArraySlice<SpanTable.Entry>, _ base: Int, _ slot: Int
  ) {
    guard let callee = callee(span, spans, base) else {
      // A call with spans of its own below, as some libraries make them, is no end.
      guard children.isEmpty else { return }
      observations.time(.outside(place: span.place, peer: span.peer), span.duration, slot: slot)
      return
    }
    observations.answered(span.place, by: service(callee))
    let between: Int64
    if span.kind == TraceWalk.producer || callee.kind == TraceWalk.consumer {
      between = callee.start.subtractingSaturating(span.start)
    } else if children.count == 1 {
      between = span.duration &- callee.duration
    } else {
      return
    }
    observations.time(.between(caller: service(span), callee: callee.place), max(0, between), slot: slot)
  }

  private mutating func operation(
    _ span: SpanTable.Entry, _ index: Int, _ spans: ArraySlice<SpanTable.Entry>, _ base: Int, _ slot: Int
  ) {
    observations.happens(at: span.place, slot: slot)
    observations.ownTime(of: span.place, ownTime(span, spans, base), slot: slot)
    guard !children.isEmpty else { return }
    things.removeAll(keepingCapacity: true)
    var last: Observations.Thing?
    for child in children {
      let thing = self.thing(child, spans, base)
      if let index = things.firstIndex(where: { $0.thing == thing }) {
        things[index].count += 1
      } else if things.count < TraceWalk.maximumThings {
        things.append((thing, 1))
      }
      last = thing
    }
    for (thing, count) in things {
      observations.event(.does(place: span.place, thing: thing), slot: slot)
      observations.time(.calls(place: span.place, thing: thing), count &* 1000, slot: slot)
    }
    if let last, things.count <= 24 { observations.lastCall(at: span.place, things, last: last, slot: slot) }
  }

  /// What a child stands for: the operation that it calls in another service, or itself.
  private func thing(_ child: Int, _ spans: ArraySlice<SpanTable.Entry>, _ base: Int) -> Observations.Thing {
    let span = spans[base + child]
    guard span.kind == TraceWalk.client || span.kind == TraceWalk.producer else {
      return .init(kind: .part, place: span.place)
    }
    for below in tree.children(of: child) where service(spans[base + below]) != service(span) {
      return .init(kind: .call, place: spans[base + below].place)
    }
    return .init(kind: .unanswered, place: span.place)
  }

  /// What no child covers of a span's time.
  private func ownTime(_ span: SpanTable.Entry, _ spans: ArraySlice<SpanTable.Entry>, _ base: Int) -> Int64 {
    var covered: Int64 = 0
    var cursor = span.start
    let spanEnd = span.start.addingSaturating(span.duration)
    for child in children {
      let child = spans[base + child]
      let begin = max(child.start, cursor)
      let end = min(child.start.addingSaturating(child.duration), spanEnd)
      if end > begin {
        covered += end - begin
        cursor = end
      }
    }
    return max(0, span.duration - covered)
  }

  /// Failures count where they begin, not for every caller on the way up.
  private mutating func outcome(
    _ span: SpanTable.Entry, _ index: Int, _ spans: ArraySlice<SpanTable.Entry>, _ base: Int, _ slot: Int
  ) {
    let isCall = span.kind == TraceWalk.client || span.kind == TraceWalk.producer
    if isCall { observations.happens(at: span.place, slot: slot) }
    let callee = isCall ? callee(span, spans, base) : nil
    if isCall, callee == nil, children.isEmpty { observations.event(.unanswered(place: span.place), slot: slot) }
    guard span.outcome != .fine, !children.contains(where: { spans[base + $0].outcome != .fine }) else { return }
    if span.outcome == .refused {
      // The asking side is a caller among the spans, or else this call.
      let above = tree.parent[index]
      let asking = !isCall && above >= 0 ? spans[base + Int(above)].place : span.place
      observations.event(.refused(place: asking), slot: slot)
    } else if let callee {
      observations.event(.callFails(place: span.place, callee: callee.place), slot: slot)
    } else {
      observations.event(.fails(place: span.place, peer: isCall ? span.peer : -1), slot: slot)
    }
  }
}

import OTLP
import Platform

/// Collects the calls of the spans that a search leaves.
///
/// `@unchecked Sendable`: as for `SearchCollector`.
final class OperationCollector: TraceCollector, @unchecked Sendable {
  private let plan: Plan
  private let grouped: GroupedSpans
  private let evaluator: TraceEvaluator
  private let range: TimeRange?
  private(set) var recording = OperationRecording()

  /// The operations of one service, by name.
  private final class Service {
    let name: String
    var names = KeyTable()
    var places: [Int32] = []
    init(_ name: String) { self.name = name }
  }

  private var services: [String: Service] = [:]
  /// By context, so that a service is looked up once for all spans of a resource.
  private var byContext: [Service?]
  private var reached: [UInt64] = []
  private var covered: [UInt64] = []
  private var names: [ByteView] = []
  private var isError: [Bool] = []
  /// Whether a child of a span failed.
  private var hasFailedChild: [Bool] = []

  init(_ plan: Plan, _ grouped: GroupedSpans, _ range: TimeRange?) {
    self.plan = plan
    self.grouped = grouped
    self.range = range
    evaluator = TraceEvaluator(plan, grouped)
    byContext = Array(repeating: nil, count: grouped.contexts.count)
  }

  var reachedRegexLimit: Bool { evaluator.reachedRegexLimit }

  func collect(_ trace: Int) throws(EngineError) {
    evaluator.load(trace: trace)
    let summary = evaluator.summary
    if let range, summary.start > range.end || summary.end < range.start { return }
    let spansets = try evaluator.run(plan.pipelines[0])
    guard !spansets.isEmpty else { return }
    measureChildren()
    let kept = spansets.count == 1 ? spansets[0].spans : Set(spansets.flatMap(\.spans)).sorted()
    for span in kept { add(Int(span)) }
    recording.endTrace()
  }

  /// How much of each span its children cover, and whether one of them failed; spans stand in order of their start.
  private func measureChildren() {
    let spans = evaluator.spans
    reached.removeAll(keepingCapacity: true)
    covered.removeAll(keepingCapacity: true)
    names.removeAll(keepingCapacity: true)
    isError.removeAll(keepingCapacity: true)
    hasFailedChild.removeAll(keepingCapacity: true)
    for span in spans {
      let header = try? SpanHeader(span.message, needsStatus: true)
      reached.append(span.start)
      covered.append(0)
      names.append(header?.name ?? .empty)
      isError.append(header?.statusCode == 2)
      hasFailedChild.append(false)
    }
    for index in spans.indices {
      let parent = Int(evaluator.tree.parent[index])
      guard parent >= 0 else { continue }
      if isError[index] { hasFailedChild[parent] = true }
      let start = max(spans[index].start, reached[parent])
      let end = min(spans[index].end, spans[parent].end)
      guard start < end else { continue }
      covered[parent] += end - start
      reached[parent] = end
    }
  }

  private func add(_ index: Int) {
    let span = evaluator.spans[index]
    let service = service(span.context)
    let (number, isNew) = service.names.insert(names[index])
    if isNew {
      service.places.append(recording.place(of: ServiceOperation(service: service.name, name: String(names[index]))))
    }
    let duration = span.end > span.start ? Int64(clamping: span.end - span.start) : 0
    recording.add(
      service.places[number], isError: isError[index], isOrigin: isError[index] && !hasFailedChild[index],
      duration: duration, ownTime: max(0, duration - Int64(clamping: covered[index])))
    let parent = Int(evaluator.tree.parent[index])
    guard parent >= 0 else { return }
    let caller = self.service(evaluator.spans[parent].context)
    if caller !== service { recording.add(.init(caller: caller.name, callee: service.name)) }
  }

  private func service(_ context: Int32) -> Service {
    if let known = byContext[Int(context)] { return known }
    let name = String(grouped.contexts[Int(context)].service)
    let service = services[name] ?? Service(name)
    services[name] = service
    byContext[Int(context)] = service
    return service
  }
}

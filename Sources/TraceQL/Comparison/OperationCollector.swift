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
  private var recording = OperationRecording()

  /// The operations of one service, by name.
  private final class Service {
    let name: String
    var names = KeyTable()
    var places: [Int32] = []
    /// How often each other service called it.
    var callers: [ObjectIdentifier: (name: String, count: Int)] = [:]
    init(_ name: String) { self.name = name }
  }

  private var services: [String: Service] = [:]
  /// By context, so that a service is looked up once for all spans of a resource.
  private var byContext: [Service?]
  /// What is known of each span of the current trace.
  private struct Measured {
    var name = ByteView.empty
    var isError = false
    /// Whether a child failed.
    var hasFailedChild = false
    /// Up to where children have been looked at, ns since 1970.
    var reached: UInt64 = 0
    /// ns in which some child ran.
    var covered: UInt64 = 0
  }

  /// As many as the trace has spans, used again for the next.
  private var measured: ContiguousArray<Measured> = []

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
    let kept = spansets.count == 1 ? spansets[0].spans : Set(spansets.flatMap(\.spans)).sorted()
    // Taken out while they change, so that the accesses need no checks.
    var measured = ContiguousArray<Measured>()
    var recording = OperationRecording()
    swap(&measured, &self.measured)
    swap(&recording, &self.recording)
    measure(into: &measured)
    for span in kept { add(Int(span), measured[Int(span)], to: &recording) }
    recording.endTrace()
    swap(&measured, &self.measured)
    swap(&recording, &self.recording)
  }

  /// How much of each span its children cover, and whether one of them failed; spans stand in order of their start.
  private func measure(into measured: inout ContiguousArray<Measured>) {
    let spans = evaluator.spans
    let parents = evaluator.tree.parent
    measured.removeAll(keepingCapacity: true)
    for span in spans {
      var entry = Measured()
      if let header = try? SpanHeader(span.message, needsStatus: true) {
        entry.name = header.name
        entry.isError = header.statusCode == 2
      }
      entry.reached = span.start
      measured.append(entry)
    }
    for index in spans.indices {
      let parent = Int(parents[index])
      guard parent >= 0 else { continue }
      if measured[index].isError { measured[parent].hasFailedChild = true }
      let start = max(spans[index].start, measured[parent].reached)
      let end = min(spans[index].end, spans[parent].end)
      guard start < end else { continue }
      measured[parent].covered += end - start
      measured[parent].reached = end
    }
  }

  private func add(_ index: Int, _ measured: Measured, to recording: inout OperationRecording) {
    let span = evaluator.spans[index]
    let service = service(span.context)
    let (number, isNew) = service.names.insert(measured.name)
    if isNew {
      let operation = ServiceOperation(service: service.name, name: String(measured.name))
      service.places.append(recording.place(of: operation))
    }
    let duration = span.end > span.start ? Int64(clamping: span.end - span.start) : 0
    recording.add(
      service.places[number], isError: measured.isError, isOrigin: measured.isError && !measured.hasFailedChild,
      duration: duration, ownTime: max(0, duration - Int64(clamping: measured.covered)))
    let parent = Int(evaluator.tree.parent[index])
    guard parent >= 0 else { return }
    let caller = self.service(evaluator.spans[parent].context)
    if caller !== service { service.callers[ObjectIdentifier(caller), default: (caller.name, 0)].count += 1 }
  }

  /// What was collected. Called once, when all is.
  func finish() -> OperationRecording {
    for service in services.values {
      for (name, count) in service.callers.values {
        recording.add(OperationRecording.Edge(caller: name, callee: service.name), count: count)
      }
    }
    return recording
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

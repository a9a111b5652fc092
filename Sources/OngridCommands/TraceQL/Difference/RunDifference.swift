import Backends
import OTLP
import Platform
import TraceFormats
import TraceQL
import Traces

/// `ongrid traceql --diff`: what changed from one run to another.
struct RunDifference {
  private let arguments: Arguments
  private let request: TraceQLRequest
  private let log: Log
  private let query: Query
  private let sent: String
  private let failOn: FailCondition?

  /// Nil when no comparison is asked for.
  init?(_ arguments: Arguments, _ request: TraceQLRequest, _ log: Log) throws(CommandError) {
    guard case .difference(let query, let sent, _, _) = request.question else { return nil }
    self.arguments = arguments
    self.request = request
    self.log = log
    self.query = query
    self.sent = sent
    failOn = try arguments[TraceQLOptions.failOn]
  }

  func run() throws(CommandError) -> ExitStatus {
    guard case .difference(_, _, let before, let after) = request.question else { return .done }
    let remote = try RemoteTraces(arguments, request, log)
    let status: ExitStatus
    if case .trace = before, case .trace = after, request.format == .waterfall || request.format == .table {
      status = try compareTraces(try spans(before, remote), try spans(after, remote))
    } else {
      if request.format == .waterfall { throw .usage("--diff draws a waterfall of two single traces, id:ID id:ID") }
      status = try compareRuns(try recording(before, remote), try recording(after, remote))
    }
    guard status == .done, let shortfall = remote?.shortfall else { return status }
    StandardErrorLog.writeLine("ongrid traceql: " + StandardErrorLog.oneLine(shortfall))
    return .partial
  }

  private func compareRuns(_ before: OperationRecording, _ after: OperationRecording) throws(CommandError) -> ExitStatus
  {
    for (name, run) in [("before", before), ("after", after)] where run.traces == 0 {
      throw CommandError("no trace matches in the run \(name)", status: .no)
    }
    let comparison = RunComparison(before, after)
    if !comparison.isTested {
      log.info("with fewer than \(RunComparison.fewestTraces) traces in a run, nothing is told from chance")
    }
    let failures = comparison.changes.compactMap { change in
      failOn?.failure(change, isTested: comparison.isTested).map { (change, $0) }
    }
    let report = DifferenceReport(comparison, before, after, failures, request)
    var output = StandardOutput()
    try output.write(report.text)
    try output.flush()
    if before.skipped + after.skipped > 0 { log.warn("skipped \(before.skipped + after.skipped) bad records") }
    if !failures.isEmpty { return .no }
    return before.skipped + after.skipped > 0 ? .partial : .done
  }

  private func compareTraces(_ before: [UInt8], _ after: [UInt8]) throws(CommandError) -> ExitStatus {
    let old: [Trace]
    let new: [Trace]
    do throws(WireError) { (old, new) = (try SpanReader.traces(before), try SpanReader.traces(after)) } catch {
      throw .backend("the trace cannot be read: \(error)")
    }
    guard let old = old.first, let new = new.first else { throw CommandError("no such trace", status: .no) }
    var output = StandardOutput()
    for line in TraceDifference(old, new, request.layout).lines { try output.writeLine(line) }
    try output.flush()
    return .done
  }

  // MARK: Sides

  private func recording(_ side: DifferenceSide, _ remote: RemoteTraces?) throws(CommandError) -> OperationRecording {
    switch side {
    case .file(let path): return try operations(.input(try open([path])), range: nil)
    case .trace: return try operations(.memory(try spans(side, remote)), range: nil)
    case .range(let start, let end):
      let range = TimeRange(
        start: UInt64(clamping: start.nanoseconds), end: UInt64(clamping: end.nanoseconds))
      guard let remote else { return try operations(.input(try open(try files())), range: range) }
      return try operations(.memory(try remote.spans(matching: sent, query, start, end, limit: limit)), range: range)
    }
  }

  /// A server is asked for so many traces of each range unless `--limit` says otherwise.
  private var limit: Int { arguments.isGiven(TraceQLOptions.limit) ? request.limit : 1_000 }

  private func operations(_ source: TraceSource, range: TimeRange?) throws(CommandError) -> OperationRecording {
    var options = LocalEngine.Options()
    options.range = range
    options.memoryLimit = try arguments[TraceQLOptions.maxMemory]
    options.skipsBad = try arguments[InputOptions.skipBad]
    if let threads = try arguments[TraceQLOptions.threads] { options.threads = threads }
    do throws(EngineError) { return try LocalEngine(query, options).operations(source) } catch {
      throw .usage(StandardErrorLog.oneLine(error.description))
    }
  }

  /// The spans of one trace as OTLP.
  private func spans(_ side: DifferenceSide, _ remote: RemoteTraces?) throws(CommandError) -> [UInt8] {
    guard case .trace(let id) = side else { return [] }
    let found: [UInt8]?
    if let remote {
      found = try remote.otlp(id)
    } else {
      var options = LocalEngine.Options()
      options.keepsTraces = true
      options.memoryLimit = try arguments[TraceQLOptions.maxMemory]
      let input = try open(try files())
      do throws(EngineError) {
        found = try LocalEngine(.trace(id), options).search(.input(input)).traces.first?.otlp
      } catch {
        throw .usage(StandardErrorLog.oneLine(error.description))
      }
    }
    guard let found else { throw CommandError("no trace \(id)", status: .no) }
    return found
  }

  private func files() throws(CommandError) -> [String] {
    guard !request.files.isEmpty else {
      throw .usage("--diff: a time range or id: needs a source: --from FILE, --tempo, --jaeger or --zipkin")
    }
    return request.files
  }

  private func open(_ paths: [String]) throws(CommandError) -> TraceInput {
    try InputOptions.open(arguments, paths: paths)
  }
}

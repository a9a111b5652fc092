import JSON
import OTLP
import Platform
import Synchronization
import TraceFormats
import TraceQL

/// `ongrid traceql --follow`: what a query finds, as it arrives in a file that grows or through a pipe.
final class FollowedTraces: Sendable {
  private let request: TraceQLRequest
  private let query: Query
  private let options: LocalEngine.Options
  private let input: TraceInputOptions
  private let path: String
  private let skipsBad: Bool
  private let settle: Int64
  /// Whether every span is judged for itself, and at once.
  private let judgesSpans: Bool
  private let log: Log
  private let shouldStop = Atomic<Bool>(false)

  /// How long a file that did not grow is left alone, ms.
  private static let interval: Int32 = 50

  init(_ arguments: Arguments, _ request: TraceQLRequest, _ log: Log) throws(CommandError) {
    guard case .query(let query, _) = request.question, !query.isMetrics else {
      throw .usage("--follow needs a search")
    }
    guard [.json, .table, .otlp].contains(request.format) else {
      throw .usage("--format \(request.format.rawValue) does not suit --follow: use table, json or otlp")
    }
    guard request.files.count <= 1 else { throw .usage("--follow reads one file or pipe") }
    for option in [BackendOptions.tempo, BackendOptions.jaeger, BackendOptions.zipkin] where arguments.isGiven(option) {
      throw .usage("--follow reads a file or pipe, not --\(option.name)")
    }
    self.request = request
    self.query = query
    self.log = log
    path = request.files.first ?? "-"
    settle = try arguments[TraceQLOptions.settle].nanoseconds
    input = try InputOptions.options(arguments, follow: true)
    skipsBad = try arguments[InputOptions.skipBad]
    var options = LocalEngine.Options()
    options.limit = 0
    options.spansPerSpanset = request.format == .table ? 0 : request.spansPerSet
    options.threads = 1
    options.memoryLimit = try arguments[TraceQLOptions.maxMemory]
    options.keepsTraces = request.format == .otlp
    self.options = options
    do throws(EngineError) { judgesSpans = try SpanCondition(query) != nil } catch { throw .usage("\(error)") }
  }

  func run() throws(CommandError) -> ExitStatus {
    for text in query.hintsWithoutEffect { log.warn(text) }
    let signals = StopSignals()
    signals.onNext { [self] in shouldStop.store(true, ordering: .relaxed) }
    var state = State(decoder: TraceDecoder(skipsBad: skipsBad))
    do throws(InputError) { try read(&state) } catch {
      // What has come is judged all the same.
      try judgeRested(&state, since: .max)
      throw .usage(error.description)
    }
    if let failure = state.failure { throw failure }
    try judgeRested(&state, since: .max)
    if state.decoder.skipped > 0 {
      log.warn(
        "skipped \(state.decoder.skipped) bad records" + (state.decoder.firstSkipped.map { ", the first: \($0)" } ?? "")
      )
      return .partial
    }
    return request.status(found: state.found)
  }

  private struct State: ~Copyable {
    var decoder: TraceDecoder
    var traces = ArrivingTraces()
    var found = false
    var saidFull = false
    var failure: CommandError?
  }

  // MARK: Reading

  private func read(_ state: inout State) throws(InputError) {
    var input = try TraceInput([path], options: input)
    var identity = try? FileStatus.of(path)
    while !shouldStop.load(ordering: .relaxed), state.failure == nil {
      if let chunk = try input.next() {
        try take(chunk, &state)
        continue
      }
      judge(&state, since: monotonicNanoseconds() - settle)
      if identity?.isRegular != true || path == "-" {
        if input.isAtEnd {
          if let chunk = try input.rest() { try take(chunk, &state) }
          return
        }
        _ = input.wait(milliseconds: Self.interval)
        continue
      }
      // Another file under the same name, or the same one cut off: it is read from its start.
      if let now = try? FileStatus.of(path), now.inode != identity?.inode || now.size < input.bytesRead {
        if let chunk = try? input.rest() { try take(chunk, &state) }
        input = try TraceInput([path], options: self.input)
        identity = now
      } else {
        pause(milliseconds: Self.interval)
      }
    }
  }

  private func take(_ chunk: TraceChunk, _ state: inout State) throws(InputError) {
    let now = monotonicNanoseconds()
    let judgesSpans = judgesSpans
    var requests: [[UInt8]] = []
    var traces = state.traces
    state.traces = ArrivingTraces()
    defer { state.traces = traces }
    try state.decoder.forEachRequest(in: chunk) { (request) throws(WireError) in
      if judgesSpans { requests.append(Array(request.bytes)) } else { try traces.add(request, at: now) }
    }
    for request in requests where state.failure == nil { judge(request, &state) }
    while traces.bytes > options.memoryLimit, let oldest = traces.next(restingSince: .max) {
      if !state.saidFull {
        log.warn("more traces are open than --max-memory holds: the oldest are judged before they rested")
      }
      state.saidFull = true
      judge(oldest, &state)
    }
  }

  // MARK: Judging

  private func judgeRested(_ state: inout State, since time: Int64) throws(CommandError) {
    judge(&state, since: time)
    if let failure = state.failure { throw failure }
  }

  private func judge(_ state: inout State, since time: Int64) {
    while state.failure == nil, let trace = state.traces.next(restingSince: time) { judge(trace, &state) }
  }

  private func judge(_ otlp: [UInt8], _ state: inout State) {
    do throws(CommandError) {
      let result: SearchResult
      do throws(EngineError) { result = try LocalEngine(query, options).search(.memory(otlp)) } catch {
        throw .usage(StandardErrorLog.oneLine(error.description))
      }
      // The earliest first, as things happened.
      for trace in result.traces.reversed() { try print(trace) }
      if !result.traces.isEmpty { state.found = true }
    } catch {
      state.failure = error
    }
  }

  private func print(_ trace: TraceResult) throws(CommandError) {
    if request.format == .otlp { return try AnswerPrinter(request).print(trace: trace.otlp) }
    var output = StandardOutput()
    if request.format == .json {
      var json = JSONWriter()
      trace.write(to: &json)
      json.newline()
      try output.write(json.bytes)
    } else {
      for line in lines(trace) { try output.writeLine(line) }
    }
    try output.flush()
  }

  /// A line for each span where spans are judged, and one for the trace otherwise.
  private func lines(_ trace: TraceResult) -> [String] {
    let layout = request.layout
    func line(_ time: UInt64, _ service: String, _ name: String, _ duration: Int, _ rest: String) -> String {
      let columns = [
        layout.time(Timestamp(nanoseconds: Int64(clamping: time))), layout.paint(trace.traceID, .dim),
        layout.paint(StandardErrorLog.oneLine(service), as: service), StandardErrorLog.oneLine(name),
        layout.duration(duration), rest,
      ]
      return columns.filter { !$0.isEmpty }.joined(separator: "  ")
    }
    guard judgesSpans else {
      let errors = trace.errorCount
      return [
        line(
          trace.startTimeUnixNano, trace.rootServiceName, trace.rootTraceName, trace.duration,
          "\(trace.spansets.reduce(0) { $0 + $1.matched }) of \(trace.spanCount) spans"
            + (errors > 0 ? ", " + layout.paint("\(errors) error\(errors == 1 ? "" : "s")", .boldRed) : ""))
      ]
    }
    return trace.spansets.flatMap(\.spans).map { span in
      let attributes = span.attributes.map {
        "\(StandardErrorLog.oneLine($0.name))=\(StandardErrorLog.oneLine($0.value.text))"
      }
      return line(
        span.startTimeUnixNano, span.service, span.name, span.duration, attributes.joined(separator: "  "))
    }
  }
}

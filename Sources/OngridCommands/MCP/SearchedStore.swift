import Backends
import JSON
import OTLP
import Platform
import TraceFormats
import TraceQL
import Traces
import Transport

/// The traces that the server was started over: a backend's or those of files.
struct SearchedStore: Sendable {
  enum Place: Sendable {
    case tempo(HTTPURL), jaeger(HTTPURL), zipkin(HTTPURL)
    case files([String], TraceInputOptions)
  }

  let place: Place
  let http: HTTPOptions
  let memoryLimit: Int

  private static var lastHour: (start: Timestamp, end: Timestamp) {
    let end = Timestamp.now
    return (end.advanced(byNanoseconds: -3600 * Nanoseconds.perSecond), end)
  }

  /// What was found, or why nothing could be.
  enum Failure: Error {
    case failed(String)

    var text: String { if case .failed(let text) = self { text } else { "" } }
  }

  /// - Parameter range: nil over files for all there is.
  func search(
    _ query: Query, sent: String, range: (start: Timestamp, end: Timestamp)?, limit: Int, _ call: ToolCall
  ) throws(Failure) -> SearchResult {
    if case .files(let paths, let options) = place {
      return try evaluate(query, paths, options, range, limit: limit, call)
    }
    let (start, end) = range ?? SearchedStore.lastHour
    let answer = try document(call) { (backend, sink) throws(BackendError) in
      try backend.search(TraceSearchRequest(query: sent, start: start, end: end, limit: limit), into: sink)
    }
    guard let result = SearchResult(answer: answer) else {
      throw .failed("the backend answered something else than traces")
    }
    return result
  }

  /// The series of a metrics query.
  func metrics(
    _ query: Query, sent: String, range: (start: Timestamp, end: Timestamp)?, step: Int64, _ call: ToolCall
  ) throws(Failure) -> MetricsResult {
    if case .files(let paths, let options) = place {
      let engine = LocalEngine(query, engineOptions(range, step: step))
      let source = TraceSource.input(try input(paths, options, call))
      do throws(EngineError) { return try engine.metrics(source) } catch {
        throw .failed("\(error)")
      }
    }
    let (start, end) = range ?? SearchedStore.lastHour
    let answer = try document(call) { (backend, sink) throws(BackendError) in
      try backend.metrics(TraceMetricsRequest(query: sent, start: start, end: end, step: step), into: sink)
    }
    guard let result = MetricsResult(answer: answer) else {
      throw .failed("the backend answered something else than series")
    }
    return result
  }

  /// One trace; nil when there is none of that id.
  func trace(_ id: String, _ call: ToolCall) throws(Failure) -> Trace? {
    let otlp: [UInt8]?
    if case .files(let paths, let options) = place {
      let query: Query
      do throws(QueryError) { query = try Query(parsing: "{ trace:id = \"\(id)\" }") } catch {
        throw .failed("\(error)")
      }
      let found = try evaluate(query, paths, options, nil, limit: 1, keepsTraces: true, call)
      otlp = found.traces.first?.otlp
    } else {
      otlp = try ask(call) { (backend) throws(BackendError) in try backend.trace(id, start: nil, end: nil) }
    }
    guard let otlp else { return nil }
    do throws(WireError) {
      return try SpanReader.traces(otlp, .full).max { $0.spans.count < $1.spans.count }
    } catch {
      throw .failed("the trace cannot be read: \(error)")
    }
  }

  // MARK: Files

  private func engineOptions(_ range: (start: Timestamp, end: Timestamp)?, step: Int64) -> LocalEngine.Options {
    var options = LocalEngine.Options()
    options.memoryLimit = memoryLimit
    options.step = Int(step)
    if case .files(_, let input) = place { options.skipsBad = input.skipsBad }
    if let range {
      options.range = TimeRange(
        start: UInt64(clamping: range.start.nanoseconds), end: UInt64(clamping: range.end.nanoseconds))
    }
    return options
  }

  private func input(_ paths: [String], _ options: TraceInputOptions, _ call: ToolCall) throws(Failure) -> TraceInput {
    var options = options
    options.mustStop = { call.isOver }
    do throws(InputError) { return try TraceInput(paths, options: options) } catch { throw .failed("\(error)") }
  }

  private func evaluate(
    _ query: Query, _ paths: [String], _ input: TraceInputOptions, _ range: (start: Timestamp, end: Timestamp)?,
    limit: Int, keepsTraces: Bool = false, _ call: ToolCall
  ) throws(Failure) -> SearchResult {
    var options = engineOptions(range, step: 60 * Nanoseconds.perSecond)
    options.limit = limit
    options.keepsTraces = keepsTraces
    let source = TraceSource.input(try self.input(paths, input, call))
    do throws(EngineError) { return try LocalEngine(query, options).search(source) } catch {
      throw .failed("\(error)")
    }
  }

  // MARK: Backends

  private func document(
    _ call: ToolCall, _ body: (any TraceBackend, TraceBackend.Sink) throws(BackendError) -> Void
  ) throws(Failure) -> JSONValue {
    try ask(call) { (backend) throws(BackendError) in
      var bytes: [UInt8] = []
      let most = backend.client.maximumResponse
      try body(backend) { piece in
        guard piece.count <= most - bytes.count else { return false }
        bytes.append(contentsOf: piece)
        return true
      }
      return try backend.client.parse(bytes)
    }
  }

  private func ask<Answer>(
    _ call: ToolCall, _ body: (any TraceBackend) throws(BackendError) -> Answer
  ) throws(Failure) -> Answer {
    do throws(BackendError) {
      let backend: any TraceBackend
      switch place {
      case .tempo(let url): backend = try TempoClient(url: url, options: http)
      case .jaeger(let url): backend = try JaegerClient(url: url, options: http)
      case .zipkin(let url): backend = try ZipkinClient(url: url, options: http)
      case .files: throw .notSupported("files are no backend")
      }
      backend.client.deadline = call.deadline
      backend.client.cancellation = call.cancellation
      backend.client.maximumValues = 1_000_000
      let answer = try body(backend)
      if let shortfall = backend.client.shortfall { call.note(shortfall) }
      return answer
    } catch {
      throw .failed(StandardErrorLog.oneLine("\(error)"))
    }
  }
}

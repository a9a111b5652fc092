import Backends
import JSON
import Platform
import TraceQL

/// Answers from a Tempo, a Jaeger or a Zipkin.
struct RemoteTraces {
  private let backend: any TraceBackend
  private let name: String
  private let request: TraceQLRequest
  private let allowsAll: Bool

  private let log: Log

  /// Nil when no backend is asked for.
  init?(_ arguments: Arguments, _ request: TraceQLRequest, _ log: Log) throws(CommandError) {
    self.log = log
    let options = [BackendOptions.tempo, BackendOptions.jaeger, BackendOptions.zipkin]
    let given = options.filter { arguments.isGiven($0) }
    let names = given.map { "--\($0.name)" } + (arguments.isGiven(TraceQLOptions.from) ? ["--from"] : [])
    guard names.count <= 1 else { throw .usage("only one source can be asked: \(names.joined(separator: ", "))") }
    if let chosen = given.first, let file = request.files.first {
      throw .usage("only one source can be asked: --\(chosen.name) or \(StandardErrorLog.oneLine(file))")
    }
    // A file wins over the environment; a merely redirected standard input does not.
    if !request.files.isEmpty { return nil }
    let inEnvironment = options.filter { !arguments.texts($0.definition).isEmpty }
    if given.isEmpty, inEnvironment.count > 1 {
      let variables = inEnvironment.compactMap(\.definition.environment)
      throw .usage("only one source can be asked, and the environment names \(variables.joined(separator: " and "))")
    }
    guard let chosen = given.first ?? inEnvironment.first else { return nil }
    if given.isEmpty, FileDescriptor.standardInput.hasBytes {
      log.warn(
        "standard input was not read, since \(chosen.definition.environment ?? "") is set; give - as FILE to read it")
    }
    let url = try arguments.required(chosen)
    let settings = try arguments.httpOptions()
    do throws(BackendError) {
      switch chosen.name {
      case BackendOptions.jaeger.name: backend = try JaegerClient(url: url, options: settings)
      case BackendOptions.zipkin.name: backend = try ZipkinClient(url: url, options: settings)
      default: backend = try TempoClient(url: url, options: settings)
      }
    } catch {
      throw RemoteTraces.failure(error)
    }
    name = chosen.name
    self.request = request
    allowsAll = try arguments[TraceQLOptions.all]
  }

  func run() throws(CommandError) -> ExitStatus {
    let status = try answer()
    guard let shortfall else { return status }
    StandardErrorLog.writeLine("ongrid traceql: " + StandardErrorLog.oneLine(shortfall))
    return .partial
  }

  /// What is missing of the answers, in words; nil when they are whole.
  var shortfall: String? { backend.client.shortfall }

  /// The latest traces in which a query finds something, as OTLP, one behind the other.
  func spans(
    matching sent: String, _ query: Query, _ start: Timestamp, _ end: Timestamp, limit: Int
  ) throws(CommandError) -> [UInt8] {
    guard query.hasFilter || allowsAll else {
      throw .usage("the query has no filter and would read everything \(name) has in the time range: add one, or --all")
    }
    let search = TraceSearchRequest(query: sent, start: start, end: end, limit: limit, spansPerSet: 1)
    let answer = try read { sink throws(BackendError) in try backend.search(search, into: sink) }
    guard let result = SearchResult(answer: answer) else {
      throw .backend("\(name) answered something else than traces")
    }
    if limit > 0, result.traces.count >= limit { log.info("compared are the \(limit) traces that --limit allows") }
    var spans: [UInt8] = []
    for trace in result.traces { if let otlp = try otlp(trace.traceID) { spans += otlp } }
    return spans
  }

  private func answer() throws(CommandError) -> ExitStatus {
    switch request.question {
    case .query(let query, let sent):
      if !query.hasFilter, !allowsAll {
        throw .usage(
          "the query has no filter and would read everything \(name) has in the time range: add one, or --all")
      }
      if name != BackendOptions.tempo.name { for text in query.hintsWithoutEffect { log.warn(text) } }
      if query.isMetrics { return try metrics(sent) }
      let (status, found) = try search(sent)
      if found == 0 { explain(query) }
      return status
    case .rawQuery: return isRawMetrics ? try metrics(request.text) : try search(request.text).status
    case .traces(let ids): return try traces(ids)
    // Asked for side by side.
    case .difference: return .done
    case .tags:
      return try list { sink throws(BackendError) in
        try backend.tagNames(matching: request.filter?.sent, start: start, end: end, into: sink)
      }
    case .tagValues(let tag):
      return try list { sink throws(BackendError) in
        try backend.tagValues(tag, matching: request.filter?.sent, start: start, end: end, into: sink)
      }
    }
  }

  /// Whether an unchecked query asks for series, as far as its words tell.
  private var isRawMetrics: Bool {
    ["rate(", "_over_time(", "compare("].contains { request.text.filter { $0 != " " }.contains($0) }
  }

  private var end: Timestamp { request.end ?? .now }
  private var start: Timestamp { request.start ?? end.advanced(byNanoseconds: -request.since) }

  // MARK: Questions

  /// Looks, after a search that found nothing, whether the store has what the query names. It has answered already, so
  /// that nothing comes of it when it does not answer this.
  private func explain(_ query: Query) {
    guard log.level <= .info, !query.attributeNames.isEmpty else { return }
    let answer = try? read { sink throws(BackendError) in
      try backend.tagNames(matching: nil, start: start, end: end, into: sink)
    }
    if let answer { NothingFound.explain(query, names: answer, log) }
  }

  /// The status, and how many traces were found.
  private func search(_ query: String) throws(CommandError) -> (status: ExitStatus, found: Int) {
    let search = TraceSearchRequest(
      query: query, start: start, end: end, limit: request.limit, spansPerSet: request.spansPerSet)
    if request.format == .json {
      let found = try pass(marker: "\"traceID\"") { sink throws(BackendError) in try backend.search(search, into: sink)
      }
      request.note(traces: found, isRemote: true, log)
      return (request.status(found: found > 0), found)
    }
    let answer = try read { sink throws(BackendError) in try backend.search(search, into: sink) }
    guard let result = SearchResult(answer: answer) else {
      throw .backend("\(name) answered something else than traces")
    }
    if request.format == .table {
      try AnswerPrinter(request).print(result)
    } else if request.format.isOneDocument {
      var found: [[UInt8]] = []
      for trace in result.traces { if let otlp = try otlp(trace.traceID) { found.append(otlp) } }
      try AnswerPrinter(request).printTogether(found)
    } else {
      for trace in result.traces { _ = try printTrace(trace.traceID) }
    }
    request.note(traces: result.traces.count, isRemote: true, log)
    return (request.status(found: !result.traces.isEmpty), result.traces.count)
  }

  private func metrics(_ query: String) throws(CommandError) -> ExitStatus {
    let metrics = TraceMetricsRequest(
      query: query, start: start, end: end, step: request.isInstant ? nil : request.step)
    if request.format == .json {
      let found = try pass(marker: "\"labels\"") { sink throws(BackendError) in
        try backend.metrics(metrics, into: sink)
      }
      return request.status(found: found > 0)
    }
    let answer = try read { sink throws(BackendError) in try backend.metrics(metrics, into: sink) }
    guard let result = MetricsResult(answer: answer) else {
      throw .backend("\(name) answered something else than series")
    }
    try AnswerPrinter(request).print(result)
    return request.status(found: !result.series.isEmpty)
  }

  private func traces(_ ids: [String]) throws(CommandError) -> ExitStatus {
    var missing: [String] = []
    if request.format.isOneDocument {
      var found: [[UInt8]] = []
      for id in ids { if let otlp = try otlp(id) { found.append(otlp) } else { missing.append(id) } }
      if !found.isEmpty { try AnswerPrinter(request).printTogether(found) }
    } else {
      for id in ids where try !printTrace(id) { missing.append(id) }
    }
    return try request.missing(missing, of: ids.count, name, log) ?? request.status(found: true)
  }

  /// Prints a trace; false when there is none of that id. Without an explicit range a trace is looked for everywhere.
  private func printTrace(_ id: String) throws(CommandError) -> Bool {
    if request.format == .json {
      let (from, to) = searched
      var found = false
      _ = try pass(marker: nil) { sink throws(BackendError) in
        found = try backend.traceJSON(id, start: from, end: to, into: sink)
      }
      return found
    }
    guard let otlp = try otlp(id) else { return false }
    try AnswerPrinter(request).print(trace: otlp)
    return true
  }

  /// A trace as OTLP; nil when there is none of that id.
  func otlp(_ id: String) throws(CommandError) -> [UInt8]? {
    let (from, to) = searched
    do throws(BackendError) { return try backend.trace(id, start: from, end: to) } catch {
      throw RemoteTraces.failure(error)
    }
  }

  /// Where a single trace is looked for.
  private var searched: (Timestamp?, Timestamp?) { (request.start, request.start == nil ? request.end : end) }

  private func list(
    _ ask: (TraceBackend.Sink) throws(BackendError) -> Void
  ) throws(CommandError) -> ExitStatus {
    if request.format == .json {
      _ = try pass(marker: nil, ask)
      return .done
    }
    let answer = try read(ask)
    var output = StandardOutput()
    for value in answer["tagValues"]?.elements ?? [] {
      try output.writeLine(StandardErrorLog.oneLine(value["value"]?.string ?? ""))
    }
    for scope in answer["scopes"]?.elements ?? [] {
      let prefix = scope["name"]?.string ?? ""
      for tag in scope["tags"]?.elements ?? [] {
        let name = tag.string ?? ""
        let text = AttributeScope(rawValue: prefix).map { "\(Attribute.named($0, name))" } ?? name
        try output.writeLine(StandardErrorLog.oneLine(text))
      }
    }
    try output.flush()
    return .done
  }

  // MARK: Answers

  /// Hands an answer through as it arrives; how often `marker` is in it, or, without one, whether there was anything. A line feed is added when it has none, and nothing
  /// when it is empty.
  private func pass(
    marker: StaticString?, _ ask: (TraceBackend.Sink) throws(BackendError) -> Void
  ) throws(CommandError) -> Int {
    var output = StandardOutput()
    var failure: CommandError?
    var last: UInt8?
    var search = marker.map { MarkerSearch($0) }
    do throws(BackendError) {
      try ask { bytes in
        search?.look(at: bytes)
        last = bytes.last ?? last
        do throws(CommandError) { try output.write(bytes) } catch {
          failure = error
          return false
        }
        return true
      }
    } catch {
      if let failure { throw failure }
      // What has arrived is an answer cut off: better seen than kept.
      try output.flush()
      throw RemoteTraces.failure(error)
    }
    if let failure { throw failure }
    if let last, last != 0x0A, !request.isRaw { try output.write("\n") }
    try output.flush()
    return search?.count ?? (last != nil ? 1 : 0)
  }

  /// Reads an answer as a document.
  private func read(_ ask: (TraceBackend.Sink) throws(BackendError) -> Void) throws(CommandError) -> JSONValue {
    var body: [UInt8] = []
    let most = backend.client.maximumResponse
    var isTooLarge = false
    do throws(BackendError) {
      try ask { bytes in
        guard bytes.count <= most - body.count else {
          isTooLarge = true
          return false
        }
        body.append(contentsOf: bytes)
        return true
      }
    } catch {
      if isTooLarge { throw .backend("the answer of \(name) is larger than \(ByteSizeText.format(most))") }
      throw RemoteTraces.failure(error)
    }
    do throws(JSONError) {
      return try body.withByteView { view throws(JSONError) in try JSONDocument.parse(view) }
    } catch {
      throw .backend("\(name) answered something that is not JSON")
    }
  }

  private static func failure(_ error: BackendError) -> CommandError {
    switch error {
    case .query, .notSupported: .usage(StandardErrorLog.oneLine(error.description))
    default: .backend(StandardErrorLog.oneLine(error.description))
    }
  }
}

/// Looks for a few bytes in a stream that comes in pieces.
private struct MarkerSearch {
  private let marker: [UInt8]
  private var matched = 0
  private(set) var count = 0

  init(_ marker: StaticString) {
    self.marker = Array(UnsafeBufferPointer(start: marker.utf8Start, count: marker.utf8CodeUnitCount))
  }

  /// The markers' first byte appears in them again only at their end, so that a mismatch restarts at most one byte back.
  mutating func look(at bytes: UnsafeRawBufferPointer) {
    for byte in bytes {
      if byte == marker[matched] { matched += 1 } else { matched = byte == marker[0] ? 1 : 0 }
      if matched == marker.count {
        count += 1
        matched = 0
      }
    }
  }
}

import Backends
import OTLP
import Platform
import TraceFormats
import TraceQL

/// Answers from files and pipes.
struct FileTraces {
  private let arguments: Arguments
  private let request: TraceQLRequest
  private let log: Log
  private let paths: [String]
  private var options = LocalEngine.Options()

  init(_ arguments: Arguments, _ request: TraceQLRequest, _ log: Log) throws(CommandError) {
    self.arguments = arguments
    self.request = request
    self.log = log
    paths = request.files
    if paths.isEmpty, Terminal.isTerminal(0) {
      throw .usage("no source: give files, --tempo, --jaeger or --zipkin, or redirect traces into standard input")
    }
    options.limit = request.limit
    options.spansPerSpanset = request.spansPerSet
    options.step = Int(request.step)
    options.isInstant = request.isInstant
    options.memoryLimit = try arguments[TraceQLOptions.maxMemory]
    options.skipsBad = try arguments[InputOptions.skipBad]
    options.keepsTraces = request.format.needsTraces
    if request.start != nil || request.end != nil {
      options.range = TimeRange(
        start: UInt64(clamping: request.start?.nanoseconds ?? 0),
        end: UInt64(clamping: request.end?.nanoseconds ?? Timestamp.now.nanoseconds))
    }
  }

  func run() throws(CommandError) -> ExitStatus {
    let input = try InputOptions.open(arguments, paths: paths)
    var options = options
    if let threads = try arguments[TraceQLOptions.threads] {
      options.threads = threads
    } else if let total = input.totalBytes, total < 4 << 20 {
      // One thread where the input is so small that starting others takes longer.
      options.threads = 1
    }
    let printer = AnswerPrinter(request)
    switch request.question {
    case .query(let query, _): return try answer(query, input, options, printer)
    case .rawQuery:
      let query: Query
      do throws(QueryError) { query = try Query(parsing: request.text) } catch {
        throw TraceQLRequest.refusal(of: error, status: .usage)
      }
      return try answer(query, input, options, printer)
    case .traces(let ids): return try traces(ids, input, options, printer)
    case .difference: return .done
    case .tagValues(let tag): return try tagValues(tag, input, options, printer)
    case .tags: return try tags(input, options, printer)
    }
  }

  private func answer(
    _ query: Query, _ input: TraceInput, _ options: LocalEngine.Options, _ printer: AnswerPrinter
  ) throws(CommandError) -> ExitStatus {
    for text in query.hintsWithoutEffect { log.warn(text) }
    let engine = LocalEngine(query, options)
    if query.isMetrics {
      let result = try evaluate { () throws(EngineError) in try engine.metrics(.input(input)) }
      try printer.print(result)
      if result.isEmpty { try explain(query, input, options) }
      return status(input, found: !result.series.isEmpty, skipped: result.skipped)
    }
    let result = try evaluate { () throws(EngineError) in try engine.search(.input(input)) }
    try printer.print(result)
    if result.isEmpty { try explain(query, input, options) }
    request.note(traces: result.traces.count, isRemote: false, log)
    return status(input, found: !result.traces.isEmpty, skipped: result.skipped)
  }

  private func explain(_ query: Query, _ input: TraceInput, _ options: LocalEngine.Options) throws(CommandError) {
    NothingFound.explain(
      query, input, paths: paths, try InputOptions.options(arguments), range: options.range, log)
  }

  /// All of them in one pass over the input.
  private func traces(
    _ ids: [String], _ input: TraceInput, _ options: LocalEngine.Options, _ printer: AnswerPrinter
  ) throws(CommandError) -> ExitStatus {
    var options = options
    options.keepsTraces = true
    options.limit = ids.count
    let condition = ids.count == 1 ? "= \"\(ids[0])\"" : "=~ \"\(ids.joined(separator: "|"))\""
    let query: Query
    do throws(QueryError) { query = try Query(parsing: "{ trace:id \(condition) }") } catch {
      throw .usage(error.description)
    }
    let result = try evaluate { [options] () throws(EngineError) in
      try LocalEngine(query, options).search(.input(input))
    }
    let found = ids.map { id in result.traces.first { TraceIDText.padded($0.traceID) == id } }
    let missing = zip(ids, found).filter { $1 == nil }.map(\.0)
    if request.format.isOneDocument, missing.count < ids.count {
      try printer.printTogether(found.compactMap { $0?.otlp })
    } else {
      for trace in found { if let trace { try printer.print(trace: trace.otlp) } }
    }
    return try request.missing(missing, of: ids.count, "the input", log)
      ?? status(input, found: true, skipped: result.skipped)
  }

  private func tagValues(
    _ tag: String, _ input: TraceInput, _ options: LocalEngine.Options, _ printer: AnswerPrinter
  ) throws(CommandError) -> ExitStatus {
    let attribute: Attribute
    do throws(QueryError) { attribute = try Attribute(parsing: tag) } catch {
      throw .usage("--tag-values: \(StandardErrorLog.oneLine(error.description))")
    }
    let values = try evaluate { () throws(EngineError) in
      try TagValues(of: attribute, matching: request.filter?.query, in: .input(input), options)
    }
    try printer.print(values)
    return status(input, found: !values.values.isEmpty, skipped: values.skipped)
  }

  private func tags(
    _ input: TraceInput, _ options: LocalEngine.Options, _ printer: AnswerPrinter
  ) throws(CommandError) -> ExitStatus {
    let filter = request.filter?.query
    let names = try evaluate { () throws(EngineError) in
      guard let filter else { return try TagNames(input, skipsBad: options.skipsBad) }
      guard let condition = try SpanCondition(filter) else { throw .needsTraces }
      return try TagNames(input, matching: condition, skipsBad: options.skipsBad)
    }
    try printer.print(names)
    return status(input, found: !names.scopes.isEmpty, skipped: names.skipped)
  }

  private func evaluate<Result>(_ body: () throws(EngineError) -> Result) throws(CommandError) -> Result {
    do throws(EngineError) { return try body() } catch {
      if case .noRange = error { throw .usage("--instant over files needs --since or --start") }
      if case .memory = error { throw .usage("\(error): allow more with --max-memory") }
      throw .usage(StandardErrorLog.oneLine(error.description))
    }
  }

  private func status(_ input: TraceInput, found: Bool, skipped: Int) -> ExitStatus {
    let reported = InputOptions.report(input, skipped: skipped, log)
    let status = request.status(found: found)
    return status == .done ? reported : status
  }
}

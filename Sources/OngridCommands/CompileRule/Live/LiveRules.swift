import AlertRules
import Backends
import Platform
import TraceFormats

/// What `compile-rule` asks of data: `--verify`, `--eval`, `--backtest`, `--against`, `--record`.
struct LiveRules {
  enum Question {
    case verify
    case evaluate(step: Duration)
    /// How far to go back, and the time between evaluations.
    case backtest(range: Duration, step: Duration)
    /// Over the spans of these files.
    case against([String], step: Duration)
    /// Where TraceQL rules' samples go; over these files, or now.
    case record(RemoteWriteClient, [String])
  }

  let question: Question
  private let settings: CompileRuleSettings
  private let end: Timestamp
  private let server: RuleServer?
  private let tempo: (any TraceBackend)?
  private let input: TraceInputOptions
  private let variation: RuleVariation?
  private let maxFirings: Int?
  private let log: Log
  /// What is said where a rule needs a Prometheus and there is none.
  private let missingPrometheus: CommandError

  /// Nil when no question is asked.
  init?(_ arguments: Arguments, _ settings: CompileRuleSettings) throws(CommandError) {
    guard let question = try LiveRules.question(arguments, settings) else { return nil }
    self.question = question
    self.settings = settings
    end = try arguments[CompileRuleOptions.end]
    input = try InputOptions.options(arguments)
    variation = try arguments[CompileRuleOptions.variation]
    maxFirings = try arguments[CompileRuleOptions.maxFirings]
    log = try StandardErrorLog.make(arguments)
    missingPrometheus = arguments.missing(BackendOptions.prometheus.definition)
    let http = try arguments.httpOptions()
    let prometheusURL = try arguments[BackendOptions.prometheus]
    let tempoURL = try arguments[BackendOptions.tempo]
    do throws(BackendError) {
      server = try prometheusURL.map { (url) throws(BackendError) in
        RuleServer(try PrometheusClient(url: url, options: http))
      }
      tempo = try tempoURL.map { (url) throws(BackendError) in
        try TempoClient(url: url, options: http)
      }
    } catch {
      throw .backend("\(error)")
    }
    switch question {
    case .verify: _ = try arguments.required(BackendOptions.prometheus)
    case .evaluate, .backtest: if tempo == nil { _ = try arguments.required(BackendOptions.prometheus) }
    case .record(_, let files): if files.isEmpty { _ = try arguments.required(BackendOptions.tempo) }
    case .against: break
    }
  }

  private static func question(
    _ arguments: Arguments, _ settings: CompileRuleSettings
  ) throws(CommandError) -> Question? {
    let options = CompileRuleOptions.self
    let all: [any CommandOption] = [options.verify, options.eval, options.backtest, options.against, options.record]
    var asked: [any CommandOption] = []
    for option in all where try isAsked(option, arguments) { asked.append(option) }
    let isReplay = asked.contains { $0.name == options.backtest.name || $0.name == options.against.name }
    let isRecording = asked.last?.name == options.record.name
    for option: any CommandOption in [options.variation, options.maxFirings]
    where arguments.isGiven(option) && (!isReplay || isRecording) {
      throw .usage("--\(option.name) needs --backtest or --against")
    }
    if arguments.isGiven(options.variation), arguments.isGiven(options.maxFirings) {
      throw .usage("--try and --max-firings exclude each other")
    }
    guard let first = asked.first else {
      for option: any CommandOption in [options.step, options.end] where arguments.isGiven(option) {
        throw .usage("--\(option.name) needs --backtest or --eval")
      }
      return nil
    }
    let files = try arguments[options.against]
    if asked.count > 1, !(asked.count == 2 && isRecording && !files.isEmpty) {
      throw .usage("--\(first.name) and --\(asked[1].name) exclude each other")
    }
    if first.name != options.verify.name, settings.format.isRulesFile {
      throw .usage("--\(first.name) prints text or, with --format json, JSON")
    }
    let interval = try arguments[options.interval]
    let step = try arguments[options.step]
    if let url = try arguments[options.record] {
      let http = try arguments.httpOptions()
      do throws(BackendError) {
        return .record(try RemoteWriteClient(url: url, options: http), files)
      } catch {
        throw .backend("\(error)")
      }
    }
    switch first.name {
    case options.verify.name: return .verify
    case options.eval.name: return .evaluate(step: step ?? max(interval, .seconds(15)))
    case options.against.name: return .against(files, step: step ?? interval)
    default:
      let range = try arguments.required(options.backtest)
      return .backtest(range: range, step: step ?? max(interval, .seconds(15)))
    }
  }

  private static func isAsked(_ option: any CommandOption, _ arguments: Arguments) throws(CommandError) -> Bool {
    option.definition.takesValue ? arguments.isGiven(option) : try arguments.isOn(option.definition) ?? false
  }

  /// Whether the answer is made of diagnostics, beside the usual output.
  var isVerification: Bool {
    if case .verify = question { true } else { false }
  }

  /// Adds what `--verify` finds.
  func verify(_ set: inout RuleSet) throws(CommandError) {
    guard let server else { return }
    do throws(BackendError) {
      set.removeAssumedBuckets()
      set.add(try RuleVerifier(server: server, compiler: settings.compiler, now: end).verify(set))
    } catch {
      throw .backend("\(error)")
    }
  }

  /// The answer to any other question; what it says about rules is added to `set`.
  func ask(_ set: inout RuleSet) throws(CommandError) -> LiveAnswer? {
    let metrics = server.map { PrometheusSamples(server: $0, compiler: settings.compiler) }
    if case .evaluate = question, server == nil, !set.rules.allSatisfy(isQuery) { throw missingPrometheus }
    if case .backtest = question, server == nil, !set.rules.allSatisfy(isQuery) { throw missingPrometheus }
    let samples = MixedSamples(metrics: metrics, queries: tempo.map { TraceQuerySamples(.server($0)) })
    do throws(BackendError) {
      switch question {
      case .verify: return nil
      case .evaluate(let step):
        let evaluator = RuleEvaluator(samples: samples, server: server, compiler: settings.compiler, step: step)
        return LiveAnswer(.verdicts(try evaluator.evaluate(set, at: end)))
      case .backtest(let range, let step):
        return try replay(Backtest(samples: samples, range: range, end: end, step: step), &set)
      case .against, .record: break
      }
    } catch {
      throw .backend("\(error)")
    }
    if case .record(let client, let files) = question { return try record(client, files, set) }
    guard case .against(let files, let step) = question else { return nil }
    return try replay(files, step, &set)
  }

  /// Runs the rules, or with `--try` what they might be.
  private func replay(_ backtest: Backtest, _ set: inout RuleSet) throws(BackendError) -> LiveAnswer {
    if let variation { return LiveAnswer(.sweep(try Sweep(backtest, set, variation))) }
    let results = try backtest.run(set)
    set.add(BacktestFindings(results, maxFirings: maxFirings).all(asDiagnostics: settings.diagnostics != .text))
    return LiveAnswer(.backtest(results))
  }

  /// Most evaluations of each rule over a recording.
  private static let evaluationLimit = 2_000_000

  private func replay(_ files: [String], _ step: Duration, _ set: inout RuleSet) throws(CommandError) -> LiveAnswer {
    let option = CompileRuleOptions.against.name
    if files.contains("-"), set.sources.contains(where: { $0.name == "<stdin>" }) || set.rules.contains(where: isQuery)
    {
      throw .usage("--\(option): standard input can be read once only")
    }
    let recording: SpanRecording
    let source: TraceInput
    do throws(InputError) {
      source = try TraceInput(files, options: input)
      recording = try SpanRecording(source, for: set.rules, skipsBad: input.skipsBad)
    } catch {
      throw .usage(error.description)
    }
    let status = InputOptions.report(source, skipped: recording.skipped, log)
    guard let first = recording.first, let last = recording.last else {
      throw .usage("--\(option): there are no spans in \(files.joined(separator: ", "))")
    }
    let samples = MixedSamples(
      metrics: RecordedSamples(recording), queries: TraceQuerySamples(.files(files, input)))
    let backtest = Backtest(samples: samples, first: first, last: last, step: step)
    guard backtest.evaluations <= LiveRules.evaluationLimit else {
      throw .usage(
        "--\(option): the spans are from \(first.rfc3339) to \(last.rfc3339), which are \(backtest.evaluations) "
          + "evaluations; --\(CompileRuleOptions.step.name) makes them fewer")
    }
    do throws(BackendError) {
      var answer = try replay(backtest, &set)
      answer.inputStatus = status
      return answer
    } catch {
      throw .usage("--\(option): \(error)")
    }
  }

  private func record(
    _ client: RemoteWriteClient, _ files: [String], _ set: RuleSet
  ) throws(CommandError) -> LiveAnswer {
    guard set.rules.contains(where: isQuery) else {
      throw .usage("--\(CompileRuleOptions.record.name): there is no traceql_metrics among the rules")
    }
    do throws(BackendError) {
      var start = end
      var stop = end
      var source: TraceQuerySamples.Source?
      if files.isEmpty {
        source = tempo.map { .server($0) }
      } else {
        (start, stop) = try LiveRules.extent(of: files, input)
        source = .files(files, input)
      }
      guard let source else { return LiveAnswer(.recorded(series: 0)) }
      let recorder = QueryRecorder(samples: TraceQuerySamples(source), compiler: settings.compiler)
      let series = try recorder.series(set, start: start, end: stop)
      try client.write(series)
      log.info("wrote \(series.reduce(0) { $0 + $1.samples.count }) samples of \(series.count) series")
      return LiveAnswer(.recorded(series: series.count))
    } catch {
      throw .backend("\(error)")
    }
  }

  /// From the first end of a span to a window after the last.
  private static func extent(
    of files: [String], _ input: TraceInputOptions
  ) throws(BackendError) -> (Timestamp, Timestamp) {
    do throws(InputError) {
      let recording = try SpanRecording(try TraceInput(files, options: input), for: [], skipsBad: input.skipsBad)
      let last = recording.last ?? Timestamp(nanoseconds: 0)
      return (recording.first ?? last, last)
    } catch {
      throw .query(error.description)
    }
  }

  private func isQuery(_ rule: AlertRule) -> Bool { rule.kind == .traceQL }
}

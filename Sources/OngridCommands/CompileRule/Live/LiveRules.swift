import AlertRules
import Backends
import Platform

/// What `compile-rule` asks a Prometheus: `--verify`, `--eval`, `--backtest`.
struct LiveRules {
  enum Question {
    case verify
    case evaluate(step: Duration)
    /// How far to go back, and the time between evaluations.
    case backtest(range: Duration, step: Duration)
  }

  let question: Question
  private let server: RuleServer
  private let settings: CompileRuleSettings
  private let end: Timestamp

  /// Nil when no question is asked.
  init?(_ arguments: Arguments, _ settings: CompileRuleSettings) throws(CommandError) {
    let options = CompileRuleOptions.self
    var asked: [any CommandOption] = []
    if try arguments[options.verify] { asked.append(options.verify) }
    if try arguments[options.eval] { asked.append(options.eval) }
    if arguments.isGiven(options.backtest) { asked.append(options.backtest) }
    guard let first = asked.first else {
      for option: any CommandOption in [options.step, options.end] where arguments.isGiven(option) {
        throw .usage("--\(option.name) needs --backtest or --eval")
      }
      return nil
    }
    if asked.count > 1 { throw .usage("--\(first.name) and --\(asked[1].name) exclude each other") }
    if first.name != options.verify.name, settings.format == .prometheus {
      throw .usage("--\(first.name) prints text or, with --format json, JSON")
    }
    end = try arguments[options.end]
    let interval = try arguments[options.interval]
    let step = try arguments[options.step]
    switch first.name {
    case options.verify.name: question = .verify
    case options.eval.name: question = .evaluate(step: step ?? max(interval, .seconds(15)))
    default:
      let range = try arguments.required(options.backtest)
      question = .backtest(range: range, step: step ?? max(interval, .seconds(15)))
    }
    self.settings = settings
    let url = try arguments.required(BackendOptions.prometheus)
    let http = try arguments.httpOptions()
    do throws(BackendError) {
      server = RuleServer(try PrometheusClient(url: url, options: http))
    } catch {
      throw .backend("\(error)")
    }
  }

  /// Whether the answer is made of diagnostics, beside the usual output.
  var isVerification: Bool {
    if case .verify = question { true } else { false }
  }

  /// Adds what `--verify` finds.
  func verify(_ set: inout RuleSet) throws(CommandError) {
    do throws(BackendError) {
      set.removeAssumedBuckets()
      set.add(try RuleVerifier(server: server, compiler: settings.compiler, now: end).verify(set))
    } catch {
      throw .backend("\(error)")
    }
  }

  /// Prints the answer to `--eval` or `--backtest`.
  func answer(_ set: RuleSet, _ output: inout StandardOutput) throws(CommandError) -> ExitStatus {
    switch question {
    case .verify: return .done
    case .evaluate(let step):
      let verdicts: [RuleVerdict]
      do throws(BackendError) {
        verdicts = try RuleEvaluator(server: server, compiler: settings.compiler, step: step).evaluate(set, at: end)
      } catch {
        throw .backend("\(error)")
      }
      let report = VerdictReport(verdicts: verdicts)
      try output.write(settings.format == .json ? report.json : Array(report.text.utf8))
      if verdicts.contains(where: \.isFiring) { return .no }
      return verdicts.allSatisfy(\.state.hasSeries) ? .done : .partial
    case .backtest(let range, let step):
      let backtest = Backtest(server: server, compiler: settings.compiler, range: range, end: end, step: step)
      let results: [BacktestResult]
      do throws(BackendError) {
        results = try backtest.run(set)
      } catch {
        throw .backend("\(error)")
      }
      let columns = output.isTerminal ? Terminal.columns(1) : nil
      let report = BacktestReport(results: results, columns: columns)
      try output.write(settings.format == .json ? report.json : Array(report.text.utf8))
      return .done
    }
  }
}

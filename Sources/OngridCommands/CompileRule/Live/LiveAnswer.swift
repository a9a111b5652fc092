import AlertRules
import Platform

/// What data say about rules, and the exit status that follows.
struct LiveAnswer {
  enum Content {
    case verdicts([RuleVerdict])
    case backtest([BacktestResult])
    case sweep(Sweep)
    case recorded(series: Int)
  }

  let content: Content
  /// What became of reading a recording.
  var inputStatus = ExitStatus.done

  init(_ content: Content) { self.content = content }

  var status: ExitStatus {
    guard case .verdicts(let verdicts) = content else { return inputStatus }
    if verdicts.contains(where: \.isFiring) { return .no }
    return verdicts.allSatisfy(\.state.hasSeries) ? .done : .partial
  }

  func write(_ output: inout StandardOutput, _ settings: CompileRuleSettings) throws(CommandError) {
    let report: (text: String, json: [UInt8])
    switch content {
    case .verdicts(let verdicts):
      let verdicts = VerdictReport(verdicts: verdicts)
      report = (verdicts.text, verdicts.json)
    case .backtest(let results):
      let results = BacktestReport(results: results, columns: output.isTerminal ? Terminal.columns(1) : nil)
      report = (results.text, results.json)
    case .sweep(let sweep): report = (SweepReport(sweep: sweep).text, SweepReport(sweep: sweep).json)
    case .recorded: return
    }
    try output.write(settings.format == .json ? report.json : Array(report.text.utf8))
  }
}

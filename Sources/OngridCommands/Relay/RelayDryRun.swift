import Platform
import Relay
import Sampling

/// `ongrid relay --dry-run-policy`.
enum RelayDryRun {
  /// A recording is judged as a whole where it fits into this.
  private static let memory = 1 << 30

  static func run(_ arguments: Arguments, _ log: Log) throws(CommandError) -> ExitStatus {
    for option: any CommandOption in [RelayOptions.once, RelayOptions.delete, RelayOptions.tee]
    where arguments.isGiven(option) {
      throw .usage("--\(option.name) cannot be used with --dry-run-policy, which sends nothing")
    }
    let policy = try SamplingOptions.policy(arguments)
    if policy.isEmpty { throw .usage("--dry-run-policy needs --keep, --drop or --sample") }
    let memory = max(try arguments[SamplingOptions.sampleMemory], memory)
    let input = try InputOptions.open(arguments)
    let skipsBad = try arguments[InputOptions.skipBad]
    let trial: PolicyTrial
    do throws(PolicyTrialError) {
      trial = try PolicyTrial(
        policy, input, skipsBad: skipsBad, memory: memory, log: log)
    } catch {
      switch error {
      case .policy(let error): throw .usage("--keep, --drop: \(error)")
      case .input(let error): throw .usage(error.description)
      }
    }
    if trial.judgedEarly > 0 {
      log.warn("\(trial.judgedEarly) traces were judged before the end of the recording: --sample-memory is too small")
    }
    var output = StandardOutput()
    try output.write(text(trial))
    try output.flush()
    return InputOptions.report(input, skipped: trial.skipped, log)
  }

  private static func text(_ trial: PolicyTrial) -> String {
    var rows = [["", "traces", "spans", "bytes", "share", "rule"]]
    for line in trial.lines {
      rows.append([
        line.decision, "\(line.traces)", "\(line.spans)", ByteSizeText.format(line.bytes),
        share(line.bytes, trial.bytes), line.rule.isEmpty ? "(no rule)" : line.rule,
      ])
    }
    let widths = (0..<5).map { column in rows.reduce(0) { max($0, $1[column].count) } }
    var text = ""
    for row in rows {
      let cells = row.prefix(5).enumerated().map { column, cell in
        let blanks = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + blanks : blanks + cell
      }
      text += (cells + [StandardErrorLog.oneLine(row[5])]).joined(separator: "  ") + "\n"
    }
    text += """

      \(trial.traces) traces and \(trial.spans) spans came, \(ByteSizeText.format(trial.bytes)) of spans.
      \(trial.keptTraces) traces go on, with \(share(trial.keptBytes, trial.bytes)) of the bytes: the bill for them becomes \
      \(share(trial.keptBytes, trial.bytes)) of what it is.
      \(trial.errors.lost) of \(trial.errors.all) traces with an error would not be kept.
      \(trial.slow.lost) of the \(trial.slow.all) slowest (1 %, from \
      \(DurationText.format(trial.slow.from.nanoseconds))) would not be kept.

      """
    return text
  }

  private static func share(_ part: Int, _ whole: Int) -> String {
    if whole == 0 { return "0 %" }
    let tenths = Int((Double(part) / Double(whole) * 1000).rounded())
    return "\(tenths / 10).\(tenths % 10) %"
  }
}

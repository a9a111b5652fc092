import Libc
import OTLP
import Platform
import Relay

/// `ongrid relay --once`.
enum RelayOnce {
  static func run(
    _ arguments: Arguments, _ configuration: RelayConfiguration, _ log: Log
  ) throws(CommandError) -> ExitStatus {
    var settings = OnceDelivery.Settings()
    settings.paths = arguments.positionals
    if settings.paths.isEmpty || settings.paths.contains("-") {
      try StandardErrorLog.sayThatItWaits(for: "telemetry", arguments)
    }
    settings.deletes = try arguments[RelayOptions.delete]
    settings.skipsBad = try arguments[InputOptions.skipBad]
    settings.input = try InputOptions.options(arguments)
    settings.range = try TimeRangeOptions.nanoseconds(arguments)
    guard settings.range == nil || !settings.deletes else {
      throw .usage("--delete would remove what --since, --start and --end leave out")
    }
    // With nowhere to deliver but standard output this is a filter, which ends with its reader.
    if configuration.destinations.allSatisfy({ $0.url == "-" }) { signal(SIGPIPE, SIG_DFL) }
    let display = ProgressDisplay(isWanted: try !arguments[CommonOptions.quiet])
    do throws(RelayError) {
      let delivery = try OnceDelivery(settings, configuration, log: log) { display.show($0) }
      let outcome = try delivery.run()
      display.clear()
      return status(outcome, log)
    } catch {
      throw CommandError(error.description, status: error.isUsage ? .usage : .backend)
    }
  }

  private static func status(_ outcome: OnceDelivery.Outcome, _ log: Log) -> ExitStatus {
    for failure in outcome.failures { log.error(failure) }
    if outcome.read.total > 0 { log.info("read \(outcome.read); \(outcome.report.summary)") }
    if outcome.isComplete { return .done }
    if outcome.sentAnything || outcome.skipped > 0 || outcome.unclaimed.total > 0 { return .partial }
    return outcome.read.total > 0 ? .backend : .usage
  }
}

/// The progress bar of a delivery.
private final class ProgressDisplay {
  private var bar: ProgressBar
  private let began = monotonicNanoseconds()

  init(isWanted: Bool) { bar = ProgressBar(isWanted: isWanted) }

  func show(_ progress: OnceDelivery.Progress) {
    let fraction = progress.totalBytes.map { $0 == 0 ? 1 : Double(progress.bytesRead) / Double($0) }
    let seconds = Double(monotonicNanoseconds() - began) / 1e9
    bar.update(
      fraction: fraction,
      "\(ByteSizeText.format(progress.bytesRead))  \(progress.sent) sent  \(Int(Double(progress.sent.total) / max(seconds, 0.001)))/s"
    )
  }

  func clear() { bar.clear() }
}

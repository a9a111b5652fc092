import Backends
import OTLP
import Platform
import SpanMetrics
import TraceFormats

/// `ongrid spanmetrics`.
enum SpanMetricsCommand {
  static let command = Command(
    name: "spanmetrics", summary: "Turn spans into Prometheus metrics",
    description: """
      Derives from spans the metrics that Tempo's metrics generator derives, exactly: \
      traces_spanmetrics_calls_total and traces_spanmetrics_latency by service, span name, kind and status, and on \
      request span sizes, the service graph and target info.

      Memory depends on the number of series, not on the input. The same spans give the same output whatever their \
      format, their order, the number of files and of threads.

      Results are not Tempo's in a few places, on purpose. An attribute that a span and its resource have is the \
      span's. Of dimensions that share a label the last one present counts. A label's name never begins with a digit. \
      Spans with broken UTF-8 are counted, under mended names. Each root server of a trace is a call of its own. Where \
      the two ends of a call disagree, it does not matter which of them came last.
      """,
    arguments: [
      Argument("FILE", kind: .file, repeatable: true, help: "Traces to read, files or directories; - or none is stdin")
    ],
    options: [
      SpanMetricsOptions.metrics, ServiceGraphOptions.group, SpanMetricsOptions.results, SpanMetricsOptions.following,
      OptionGroup("Input", [InputOptions.inputFormat, InputOptions.skipBad] + TimeRangeOptions.all),
      ClientOptions.group,
    ],
    examples: [
      Example("Metrics of a file, as Prometheus text", "ongrid spanmetrics --format prometheus traces.jsonl"),
      Example(
        "The slowest operations",
        "ongrid spanmetrics traces.jsonl | jq -c '.span_metrics[] | [.latency.p99, .labels.span_name]' | sort -rn"),
      Example("Calls between services", "ongrid spanmetrics --service-graph -f prometheus traces.otlp"),
      Example(
        "From a file that grows to Prometheus",
        "ongrid spanmetrics --follow --remote-write http://localhost:9090 /var/log/traces.jsonl"),
    ],
    exitNotes: [ExitNote(.backend, "The receiver of remote write or OTLP could not be reached or refused.")],
    writesOutputFile: true, run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    let started = Timestamp.now
    let log = try StandardErrorLog.make(arguments)
    let settings = try SpanMetricsSettings(arguments, log)
    for note in settings.configuration.notes { log.info(note) }
    if let following = settings.following {
      return try SpanMetricsFollowing(settings, following, log, started: started).run()
    }
    let input = try InputOptions.open(arguments)
    let outcome = try read(input, settings)
    let snapshot = outcome.aggregator.snapshot()
    MetricsWarnings(log).warn(snapshot, settings.configuration)
    let outputs = settings.outputs
    if outputs.writesDocument { try outputs.writer.write(snapshot, (started, .now)) }
    if let push = outputs.push { try send(snapshot, outcome, push, started: started, log) }
    return InputOptions.report(input, skipped: outcome.skipped, first: outcome.firstSkipped, log)
  }

  /// How long a receiver that does not answer is asked again by a command that ends.
  private static let patience = Duration.seconds(60)

  private static func send(
    _ snapshot: SpanMetricsSnapshot, _ outcome: RunOutcome, _ push: PushTarget, started: Timestamp, _ log: Log
  ) throws(CommandError) {
    var settings = push.settings
    settings.giveUpAfter = patience
    do throws(BackendError) {
      try RoundOutbox.sendOnce(
        outcome.steps, snapshot, push.receiver, settings, started: started.milliseconds, ends: push.endsSeries, log: log
      )
    } catch { throw .backend("\(push.receiver.name): \(error)") }
  }

  private static func read(
    _ input: TraceInput, _ settings: SpanMetricsSettings
  ) throws(CommandError) -> RunOutcome {
    do throws(RunError) {
      return try ParallelRun.run(
        input, settings.configuration, threads: settings.threads ?? suitableThreads(input),
        skipsBad: settings.skipsBad, step: settings.step)
    } catch {
      throw .usage(error.description)
    }
  }

  /// One thread where the input is so small that starting others takes longer.
  private static func suitableThreads(_ input: TraceInput) -> Int {
    if let total = input.totalBytes, total < 4 << 20 { return 1 }
    return processorCount
  }

  /// The status of a run that passed over bad records, which it reports.
  static func skipStatus(_ skipped: Int, _ first: InputError?, _ log: Log) -> ExitStatus {
    guard skipped > 0 else { return .done }
    log.warn("skipped \(skipped) bad records" + (first.map { ", the first: \($0)" } ?? ""))
    return .partial
  }
}

/// Says what the numbers do not show by themselves.
struct MetricsWarnings {
  private let log: Log
  private var overflowed: UInt64 = 0
  private var evicted = 0
  private var refusedTargets = 0
  private var tooOld: UInt64 = 0

  init(_ log: Log) { self.log = log }

  func warn(_ snapshot: SpanMetricsSnapshot, _ configuration: SpanMetricsConfiguration) {
    var warnings = self
    warnings.warnOfNew(snapshot, configuration)
  }

  /// Warns of what has grown since the last call.
  mutating func warnOfNew(_ snapshot: SpanMetricsSnapshot, _ configuration: SpanMetricsConfiguration) {
    if snapshot.overflowed > overflowed {
      let widest = snapshot.widestLabel.map { "; the label with most values is '\($0.name)' (\($0.values))" } ?? ""
      log.warn(
        "more than \(configuration.maxSeries) series: \(snapshot.overflowed) spans are counted in the overflow series"
          + widest)
      overflowed = snapshot.overflowed
    }
    if snapshot.refusedTargets > refusedTargets {
      log.warn("more than \(configuration.maxSeries) resources: some have no traces_target_info")
      refusedTargets = snapshot.refusedTargets
    }
    if snapshot.tooOld > tooOld {
      log.info("\(snapshot.tooOld) spans ended too long ago to be counted")
      tooOld = snapshot.tooOld
    }
    if let lost = snapshot.graph?.evicted, lost > evicted {
      log.warn("service graph: \(lost) spans were given up because too many waited for the other end of their call")
      evicted = lost
    }
  }
}

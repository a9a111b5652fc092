import OTLP
import Platform
import SpanMetrics
import Synchronization

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
      """,
    arguments: [Argument("FILE", kind: .file, repeatable: true, help: "Traces to read; - or none is stdin")],
    options: [SpanMetricsOptions.metrics, SpanMetricsOptions.results, TraceInputOptions.group],
    examples: [
      Example("Metrics of a file, as Prometheus text", "ongrid spanmetrics --format prometheus traces.jsonl"),
      Example(
        "The slowest operations",
        "ongrid spanmetrics traces.jsonl | jq -c '.span_metrics[] | [.labels.span_name, .latency.p99]'"),
      Example("Calls between services", "ongrid spanmetrics --service-graph -f prometheus traces.otlp"),
    ],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    let log = try StandardErrorLog.make(arguments)
    let configuration = try SpanMetricsConfiguration(arguments)
    for note in configuration.notes { log.info(note) }
    let threads = try arguments.intIfGiven(SpanMetricsOptions.threads, in: 1...1024)
    let writer = try MetricsWriter(arguments)
    let input = try TraceInputOptions.open(arguments)
    let progress = Mutex(ProgressBar(isWanted: try !arguments.flag(CommonOptions.quiet)))

    let skipsBad = try arguments.flag(TraceInputOptions.skipBad)
    let outcome: RunOutcome
    do throws(RunError) {
      outcome = try ParallelRun.run(
        input, configuration, threads: threads ?? suitableThreads(input),
        skipsBad: skipsBad,
        progress: { progress.withLock { show(input, in: &$0) } })
    } catch {
      throw .usage(error.description)
    }
    progress.withLock { $0.clear() }
    let snapshot = outcome.aggregator.snapshot()
    warn(snapshot, configuration, log)
    try writer.write(snapshot)
    return report(outcome, log)
  }

  /// One thread where the input is so small that starting others takes longer.
  private static func suitableThreads(_ input: TraceInput) -> Int {
    if let total = input.totalBytes, total < 4 << 20 { return 1 }
    return processorCount
  }

  private static func show(_ input: TraceInput, in progress: inout ProgressBar) {
    let read = input.bytesRead
    progress.update(
      fraction: input.totalBytes.map { $0 > 0 ? Double(read) / Double($0) : 1 }, ByteSizeText.format(read))
  }

  /// Says what the numbers do not show by themselves.
  private static func warn(_ snapshot: SpanMetricsSnapshot, _ configuration: SpanMetricsConfiguration, _ log: Log) {
    if snapshot.overflowed > 0 {
      let widest = snapshot.widestLabel.map { "; the label with most values is '\($0.name)' (\($0.values))" } ?? ""
      log.warn(
        "more than \(configuration.maxSeries) series: \(snapshot.overflowed) spans are counted in the overflow series\(widest)"
      )
    }
    if let evicted = snapshot.graph?.evicted, evicted > 0 {
      log.warn("service graph: \(evicted) spans were given up because too many waited for the other end of their call")
    }
  }

  private static func report(_ outcome: RunOutcome, _ log: Log) -> ExitStatus {
    guard outcome.skipped > 0 else { return .done }
    let first = outcome.firstSkipped.map { ": \($0)" } ?? ""
    log.warn("skipped \(outcome.skipped) bad records, the first at \(first.dropFirst(2))")
    return .partial
  }
}

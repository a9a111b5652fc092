import HTTPServer
import OTLP
import Platform
import SpanMetrics

/// `ongrid spanmetrics --follow`: reads until it is stopped, and writes every interval.
final class SpanMetricsFollowing: Sendable {
  private let configuration: SpanMetricsConfiguration
  private let outputs: MetricsOutputs
  private let log: Log
  private let following: FollowingRun
  private let interval: Int64
  private let keptRounds: UInt32
  private let listen: ListenAddress?
  /// What `/metrics` showed last.
  private let lastPage = Monitor<[UInt8]?>(nil)

  init(
    _ arguments: Arguments, _ configuration: SpanMetricsConfiguration, _ outputs: MetricsOutputs, _ log: Log
  ) throws(CommandError) {
    self.configuration = configuration
    self.outputs = outputs
    self.log = log
    interval = try arguments[SpanMetricsOptions.interval].nanoseconds
    let staleAfter = try arguments[SpanMetricsOptions.staleAfter].nanoseconds
    keptRounds = UInt32(clamping: staleAfter.addingSaturating(interval - 1) / interval)
    if let text = try arguments[SpanMetricsOptions.listen] {
      do throws(ListenError) { listen = try ListenAddress(text) } catch { throw .usage("--listen: \(error)") }
    } else {
      listen = nil
    }
    let options = try InputOptions.options(arguments, follow: true)
    let skipsBad = try arguments[InputOptions.skipBad]
    do throws(RunError) {
      following = try FollowingRun(arguments.positionals, options, configuration, skipsBad: skipsBad)
    } catch {
      throw .usage(error.description)
    }
  }

  func run() throws(CommandError) -> ExitStatus {
    let signals = StopSignals()
    do throws(SystemError) { try following.start() } catch { throw .usage(error.description) }
    let server = try serve()
    defer { server?.stop() }
    signals.onNext { [following, outputs] in
      following.requestStop()
      // A receiver that does not answer must not hold up whoever asks twice.
      signals.onNext { outputs.cancel() }
    }
    var warnings = MetricsWarnings(log)
    var deadline = monotonicNanoseconds() + interval
    while true {
      let event = following.wait(until: deadline)
      if case .deadline = event {
        try write(isFinal: false, &warnings)
        deadline = max(deadline + interval, monotonicNanoseconds())
        continue
      }
      let (skipped, first) = following.stop()
      try write(isFinal: true, &warnings)
      if case .failed(let error) = event { throw .usage(error.description) }
      return SpanMetricsCommand.skipStatus(skipped, first, log)
    }
  }

  private func write(isFinal: Bool, _ warnings: inout MetricsWarnings) throws(CommandError) {
    try following.finishRound(keptRounds: keptRounds, isFinal: isFinal) { (round) throws(CommandError) in
      warnings.warnOfNew(round.snapshot, configuration)
      try outputs.write(round, isFinal: isFinal)
    }
  }

  private func serve() throws(CommandError) -> PageServer? {
    guard let listen else { return nil }
    do throws(ListenError) {
      let server = try PageServer(listen) { path in self.page(path) }
      try server.start()
      if let address = server.address { log.info("serving /metrics on \(address)") }
      return server
    } catch {
      throw CommandError(error.description, status: error.isUsage ? .usage : .backend)
    }
  }

  private func page(_ path: String) -> Page {
    switch path {
    case "/healthz", "/readyz": return Page(Array("ok\n".utf8))
    case "/metrics": return metrics()
    default: return Page(status: 404, Array("there are /metrics and /healthz\n".utf8))
    }
  }

  /// The metrics as they are; as they were last shown while they are being written elsewhere.
  private func metrics() -> Page {
    let format: MetricsFormat = configuration.keepsExemplars ? .openmetrics : .prometheus
    do throws(CommandError) {
      let fresh = try following.withSnapshot { (snapshot) throws(CommandError) in
        let target = MemoryTarget()
        try outputs.writer.render(snapshot, format, to: target)
        return target.bytes
      }
      guard
        let bytes = lastPage.withLock({ last in
          if let fresh { last = fresh }
          return last
        })
      else { return Page(status: 503, Array("the first metrics are being written\n".utf8)) }
      return Page(contentType: format.contentType, bytes)
    } catch {
      return Page(status: 500, Array("\(error)\n".utf8))
    }
  }
}

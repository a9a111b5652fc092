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
  private let outbox: RemoteWriteOutbox?
  private let interval: Int64
  private let keptRounds: UInt32
  private let listen: ListenAddress?
  private let keepsState: Bool

  /// How long a stop waits for the receiver: whoever stops a process waits ten seconds before killing it.
  private static let stopPatience = Duration.seconds(8)

  init(
    _ arguments: Arguments, _ configuration: SpanMetricsConfiguration, _ outputs: MetricsOutputs, _ log: Log,
    started: Int64
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
    var choices = FollowingOptions()
    choices.skipsBad = try arguments[InputOptions.skipBad]
    choices.fromEnd = try arguments[SpanMetricsOptions.fromEnd]
    choices.maxAge = try arguments[SpanMetricsOptions.maxAge]?.nanoseconds
    choices.stateFile = try arguments[SpanMetricsOptions.state]
    keepsState = choices.stateFile != nil
    do throws(RunError) {
      following = try FollowingRun(arguments.positionals, options, configuration, choices, log: log)
    } catch {
      throw .usage(error.description)
    }
    outbox = outputs.push.map { [following] push in
      RemoteWriteOutbox(
        push.clients, push.settings, configuration, limit: push.limit, started: started, run: following, log: log)
    }
  }

  func run() throws(CommandError) -> ExitStatus {
    let signals = StopSignals()
    do throws(SystemError) {
      try outbox?.start()
      try following.start()
    } catch { throw .usage(error.description) }
    let server = try serve()
    defer { server?.stop() }
    signals.onNext { [following, outbox] in
      following.requestStop()
      // A receiver that does not answer must not hold up whoever asks twice.
      signals.onNext { outbox?.cancel() }
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
      let status = try finishPush()
      if case .failed(let error) = event { throw .usage(error.description) }
      let skipStatus = SpanMetricsCommand.skipStatus(skipped, first, log)
      return skipStatus == .done ? status : skipStatus
    }
  }

  /// A file or a state that cannot be written is reported and tried again with the next round, counters being cumulative;
  /// with the last one it is an error.
  private func write(isFinal: Bool, _ warnings: inout MetricsWarnings) throws(CommandError) {
    let round: FollowingRun.Round
    do throws(StateError) {
      round = try following.finishRound(keptRounds: keptRounds, isFinal: isFinal)
    } catch {
      if isFinal { throw .usage("cannot write \(error)") }
      return log.warn("cannot write \(error)")
    }
    warnings.warnOfNew(round.snapshot, configuration)
    // With a state the next process goes on with the series.
    outbox?.offer(round, endsAll: isFinal && (!keepsState || outputs.push?.endsSeries == true))
    guard outputs.writesDocument else { return }
    do throws(CommandError) { try outputs.writer.write(round.snapshot) } catch {
      if isFinal || !outputs.writer.writesFile { throw error }
      log.warn("\(error)")
    }
  }

  private func finishPush() throws(CommandError) -> ExitStatus {
    guard let outbox else { return .done }
    let (left, failure) = outbox.finish(by: monotonicDeadline(after: Self.stopPatience))
    let dropped = outbox.counts.dropped
    if dropped > 0 { log.warn("remote write: \(dropped) rounds fell out of the buffer; later ones said the same") }
    if left == 0, failure == nil { return .done }
    let reason = failure.map { ": \($0)" } ?? ""
    guard keepsState, left > 0 else {
      throw .backend("remote write: \(max(1, left)) rounds were not taken" + reason)
    }
    log.warn("remote write: \(left) rounds are kept in the state for the next start" + reason)
    return .done
  }

  private func serve() throws(CommandError) -> MetricsServer? {
    guard let listen else { return nil }
    do throws(ListenError) {
      let server = try MetricsServer(
        listen, following, outputs.writer, keepsExemplars: configuration.keepsExemplars, isPushed: outbox != nil, log)
      try server.start()
      if let address = server.address { log.info("serving /metrics on \(address)") }
      return server
    } catch {
      throw CommandError(error.description, status: error.isUsage ? .usage : .backend)
    }
  }
}

import HTTPServer
import OTLP
import Platform
import SpanMetrics

/// `ongrid spanmetrics --follow`: reads until it is stopped, and writes every interval.
final class SpanMetricsFollowing: Sendable {
  private let configuration: SpanMetricsConfiguration
  private let outputs: MetricsOutputs
  private let settings: SpanMetricsSettings.Following
  private let log: Log
  private let following: FollowingRun
  private let outbox: RoundOutbox?

  /// How long a stop waits for the receiver: whoever stops a process waits ten seconds before killing it.
  private static let stopPatience = Duration.seconds(8)

  init(
    _ settings: SpanMetricsSettings, _ following: SpanMetricsSettings.Following, _ log: Log, started: Timestamp
  ) throws(CommandError) {
    configuration = settings.configuration
    outputs = settings.outputs
    self.settings = following
    self.log = log
    do throws(RunError) {
      self.following = try FollowingRun(
        following.paths, following.input, configuration, following.options, log: log)
    } catch {
      throw .usage(error.description)
    }
    outbox = outputs.push.map { [configuration, run = self.following] push in
      RoundOutbox(
        push.receiver, push.settings, configuration, limit: push.limit, started: started.milliseconds, run: run,
        log: log)
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
    let interval = settings.interval.nanoseconds
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
      round = try following.finishRound(keptRounds: settings.keptRounds, isFinal: isFinal)
    } catch {
      if isFinal { throw .usage("cannot write \(error)") }
      return log.warn("cannot write \(error)")
    }
    warnings.warnOfNew(round.snapshot, configuration)
    // With a state the next process goes on with the series.
    outbox?.offer(round, endsAll: isFinal && (!isKept || outputs.push?.endsSeries == true))
    guard outputs.writesDocument else { return }
    do throws(CommandError) {
      try outputs.writer.write(
        round.snapshot, (Timestamp(milliseconds: round.start), Timestamp(milliseconds: round.time)))
    } catch {
      if isFinal || !outputs.writer.writesFile { throw error }
      log.warn("\(error)")
    }
  }

  private var isKept: Bool { settings.options.stateFile != nil }

  private func finishPush() throws(CommandError) -> ExitStatus {
    guard let outbox else { return .done }
    let (left, failure) = outbox.finish(by: monotonicDeadline(after: Self.stopPatience))
    let dropped = outbox.counts.dropped
    let name = outputs.push?.receiver.name ?? ""
    if dropped > 0 {
      let rest = settings.options.isDelta ? " and are lost" : "; later ones said the same"
      log.warn("\(name): \(dropped) rounds fell out of the buffer\(rest)")
    }
    if left == 0, failure == nil { return .done }
    let reason = failure.map { ": \($0)" } ?? ""
    guard isKept, left > 0 else {
      throw .backend("\(name): \(max(1, left)) rounds were not taken" + reason)
    }
    log.warn("\(name): \(left) rounds are kept in the state for the next start" + reason)
    return .done
  }

  private func serve() throws(CommandError) -> MetricsServer? {
    guard let listen = settings.listen else { return nil }
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

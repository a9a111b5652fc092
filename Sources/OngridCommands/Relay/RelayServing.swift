import Libc
import Platform
import Relay

/// A relay that serves until a signal ends it, and takes its file of options anew on SIGHUP.
struct RelayServing {
  /// What was said, without the file.
  private let given: Arguments
  private let log: Log
  private let signals: StopSignals
  private var file: RelayConfigFile?
  private var configuration: RelayConfiguration
  private var service: RelayService
  private var watchdog: Watchdog
  private var isComplete = true

  /// Begins to receive and to send.
  init(
    _ given: Arguments, _ file: RelayConfigFile?, _ configuration: RelayConfiguration, _ log: Log,
    _ signals: StopSignals
  ) throws(RelayError) {
    self.given = given
    self.log = log
    self.signals = signals
    self.file = file
    self.configuration = configuration
    service = try RelayServing.start(configuration, log)
    watchdog = Watchdog(isAlive: service.aliveness)
  }

  private static func start(_ configuration: RelayConfiguration, _ log: Log) throws(RelayError) -> RelayService {
    let service = try RelayService(configuration, log: log)
    try service.start()
    let receivers = service.receivers.map(\.description).joined(separator: " and ")
    log.info("receiving on \(receivers)" + (service.admin.map { ", serving /metrics on \($0)" } ?? ""))
    return service
  }

  /// Returns when the relay has stopped; whether everything was delivered.
  mutating func run() throws(RelayError) -> Bool {
    ServiceManager.notify("READY=1")
    defer { watchdog.stop() }
    while signals.wait() == SIGHUP {
      ServiceManager.notifyReload()
      try reload()
      ServiceManager.notify("READY=1")
    }
    ServiceManager.notify("STOPPING=1")
    log.info("stopping; a second signal ends this at once")
    let abort = service.aborter
    signals.onNext { abort() }
    finish(service.stop())
    return isComplete
  }

  private mutating func finish(_ report: RelayReport) {
    log.info(report.summary)
    isComplete = isComplete && report.isComplete
  }

  private mutating func reload() throws(RelayError) {
    service.reload()
    log.info("opened files anew")
    let wanted: (file: RelayConfigFile, configuration: RelayConfiguration)
    do throws(CommandError) {
      let (arguments, read) = try RelayArguments.withFile(given)
      guard let read, read != file else { return }
      wanted = (read, try RelayArguments.complete(arguments, file: read, log))
      do throws(RelayError) { try wanted.configuration.check() } catch { throw .usage(error.description) }
    } catch {
      return log.error("the relay goes on as before: \(error.message)")
    }
    guard configuration.queueDirectory != nil, wanted.configuration.queueDirectory == configuration.queueDirectory
    else {
      // What waits in memory would be lost with the queues that it waits in.
      return log.error("the relay goes on as before: a changed file is taken over by a restart, or with --queue-dir")
    }
    try replace(with: wanted.configuration)
    file = wanted.file
    log.info("took over the changed file")
  }

  /// What waits is on disk, so another service goes on with it; connections that are made meanwhile wait in the sockets.
  private mutating func replace(with wanted: RelayConfiguration) throws(RelayError) {
    var wanted = wanted
    wanted.onBrokenOutput = configuration.onBrokenOutput
    let staysWhereItIs =
      wanted.listenGRPC == configuration.listenGRPC && wanted.listenHTTP == configuration.listenHTTP
      && wanted.listenAdmin == configuration.listenAdmin
    let isGivenSockets = !configuration.inheritedSockets.isEmpty
    if staysWhereItIs || isGivenSockets { wanted.inheritedSockets = try service.duplicateSockets() }
    watchdog.stop()
    let report = service.stop(within: .seconds(2))
    log.info(report.summary)
    // What waits now is delivered by the next one.
    isComplete = isComplete && report.losesNothing
    service = try RelayServing.start(wanted, log)
    // These stand for a service manager's only where they were its own.
    if !isGivenSockets { wanted.inheritedSockets = [] }
    configuration = wanted
    watchdog = Watchdog(isAlive: service.aliveness)
  }
}

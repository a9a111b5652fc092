import Libc
import Platform

/// Runs a collector and keeps it running: starts it again when it ends, with growing pauses and an end to patience;
/// passes its log lines on; ends it when its health endpoint stops answering, and starts it anew when a secret has
/// changed. Used by one thread, which must stay alive as long as the collector.
public final class CollectorSupervisor {
  public struct Settings: Sendable {
    public var program: String
    public var relay: RelayConfiguration
    public var options = CollectorConfiguration.Options()
    /// The file that the collector reads its configuration from; written before each start.
    public var configurationFile: String
    /// Time that a collector has to judge a configuration.
    public var validateTimeout = Duration.seconds(60)
    /// Time from a start to the first answer of the health endpoint.
    public var startTimeout = Duration.seconds(60)
    /// Time between two questions to the health endpoint, and between two looks at the files with secrets.
    public var healthInterval = Duration.seconds(5)
    /// Answers that may be missing in a row, once there has been one.
    public var healthFailures = 3
    /// Pauses before a restart: the first, doubled each time, up to the last.
    public var restartInitial = Duration.seconds(1)
    public var restartMaximum = Duration.seconds(30)
    /// So many ends within `crashWindow` are a crash loop.
    public var crashLimit = 5
    public var crashWindow = Duration.seconds(120)
    /// Time that a collector that no longer answers has to stop before it is killed.
    public var endTimeout = Duration.seconds(5)

    public init(program: String, relay: RelayConfiguration, configurationFile: String) {
      self.program = program
      self.relay = relay
      self.configurationFile = configurationFile
    }
  }

  /// What somebody wants of the supervisor.
  public enum Request: Sendable { case none, reload, stop }

  /// How it ended.
  public enum Outcome: Sendable, Equatable {
    /// As was asked. The collector's exit status, or 128 and a signal's number, and how many spans, metrics and log
    /// records it has given up at least since the first start: it leaves some of such log lines out.
    case stopped(status: Int32, lostItems: Int)
    /// The collector ended too often: its last status, and the last error it wrote.
    case crashLoop(lastStatus: Int32, lastError: String?)
  }

  private enum End { case stop, renewal, failure }

  private let settings: Settings
  private let log: Log
  private let state: CollectorState
  private var ends: [Int64] = []
  private var lastError: String?
  private var lastComplaint: String?
  private var lostItems = 0

  /// - Parameter state: told how the collector is.
  public init(_ settings: Settings, state: CollectorState = CollectorState(), log: Log) {
    self.settings = settings
    self.state = state
    self.log = log
  }

  /// Supervises until `next` says stop or patience ends. `next` is asked several times a second. An error is one
  /// of the first start: the program cannot be run, or does not accept the configuration.
  public func run(_ next: () -> Request) throws(RelayError) -> Outcome {
    let request = {
      self.state.touch()
      return next()
    }
    var launch = try CollectorLaunch(settings)
    guard try launch.validate(request) else { return .stopped(status: 0, lostItems: 0) }
    var pause = settings.restartInitial
    var isFirst = true
    while true {
      let started = monotonicNanoseconds()
      var (end, status): (End, Int32) = (.failure, 0)
      do throws(RelayError) {
        if !isFirst { launch = try CollectorLaunch(settings) }
        let child = try launch.start()
        log.info("started \(settings.program) as process \(child.identifier)")
        state.started(metrics: launch.metrics)
        (end, status) = watch(child, launch, request)
      } catch {
        if isFirst { throw error }
        log.error(error.description)
        lastError = error.description
      }
      isFirst = false
      if end == .stop { return .stopped(status: status, lostItems: lostItems) }
      state.set(.restarting)
      if end == .renewal { continue }
      let now = monotonicNanoseconds()
      ends = ends.filter { .nanoseconds(now - $0) < settings.crashWindow } + [now]
      if .nanoseconds(now - started) > settings.crashWindow { pause = settings.restartInitial }
      if ends.count >= settings.crashLimit { return .crashLoop(lastStatus: status, lastError: lastError) }
      log.warn(
        "the collector ended with status \(status); starting it again in \(DurationText.format(pause.nanoseconds))")
      if !wait(pause, request) { return .stopped(status: 0, lostItems: lostItems) }
      pause = min(pause * 2, settings.restartMaximum)
    }
  }

  /// Waits before a restart; false when that is no longer wanted.
  private func wait(_ duration: Duration, _ request: () -> Request) -> Bool {
    let end = monotonicDeadline(after: duration)
    while monotonicNanoseconds() < end {
      if request() == .stop { return false }
      pause(milliseconds: 20)
    }
    return true
  }

  /// Follows the collector to its end: why it ended, and with which status.
  private func watch(_ child: CollectorProcess, _ launch: CollectorLaunch, _ request: () -> Request) -> (End, Int32) {
    var wanted: End?
    var killAt = Int64.max
    var health = CollectorHealth(launch.health, settings)
    var nextSecrets = monotonicDeadline(after: settings.healthInterval)

    func stop(_ end: End, within duration: Duration) {
      wanted = end
      child.send(SIGTERM)
      killAt = monotonicDeadline(after: duration)
    }

    while true {
      child.waitForOutput(milliseconds: 50)
      let status = child.ended()
      child.readLines { forward($0, isStopping: wanted != nil) }
      if let status { return (wanted ?? .failure, status) }
      let now = monotonicNanoseconds()
      switch request() {
      case .none: break
      case .reload:
        if wanted == nil, !reload(child, launch) { stop(.renewal, within: settings.relay.drainTimeout) }
      case .stop where wanted == .stop:
        log.warn("a second signal: killing the collector")
        child.send(SIGKILL)
      case .stop:
        state.set(.stopping)
        ServiceManager.notify("STOPPING=1")
        stop(.stop, within: settings.relay.drainTimeout)
      }
      if now >= killAt {
        log.warn("the collector does not stop; killing it")
        child.send(SIGKILL)
        killAt = Int64.max
      }
      guard wanted == nil else { continue }
      switch health.ask(now) {
      case .unknown: break
      case .ready: noteReady()
      case .failing: state.set(.failing)
      case .failed:
        log.warn("the collector's health endpoint does not answer; ending it")
        stop(.failure, within: settings.endTimeout)
      }
      if now >= nextSecrets, wanted == nil {
        nextSecrets = monotonicDeadline(after: settings.healthInterval)
        if secretsHaveChanged(launch) {
          log.info("a secret has changed; starting the collector anew")
          stop(.renewal, within: settings.relay.drainTimeout)
        }
      }
    }
  }

  private func noteReady() {
    guard state.set(.ready) != .ready else { return }
    log.info("the collector is ready")
    ServiceManager.notify("READY=1")
  }

  /// Lets the collector read everything again; false when it must be started anew for that, since a process keeps the
  /// environment that it was started with.
  private func reload(_ child: CollectorProcess, _ launch: CollectorLaunch) -> Bool {
    ServiceManager.notifyReload()
    if secretsHaveChanged(launch) {
      log.info("reloading: a secret has changed; starting the collector anew")
      return false
    }
    log.info("reloading")
    child.send(SIGHUP)
    ServiceManager.notify("READY=1")
    return true
  }

  /// A file that cannot be read now leaves things as they are.
  private func secretsHaveChanged(_ launch: CollectorLaunch) -> Bool {
    do throws(RelayError) {
      let result = try launch.secretsHaveChanged()
      lastComplaint = nil
      return result
    } catch {
      if error.description != lastComplaint { log.warn(error.description) }
      lastComplaint = error.description
      return false
    }
  }

  /// Hands a line of the collector on to the log.
  private func forward(_ line: String, isStopping: Bool) {
    let record = CollectorLog.record(line)
    if record.level == .error {
      lastError = CollectorLog.cause(record)
      // What a collector with a queue on disk says that it drops when it stops is still in the queue.
      if !isStopping || settings.relay.queueDirectory == nil { lostItems += CollectorLog.lostItems(record) }
    }
    log.write(record)
  }
}

import Backends
import CEvents
import Platform

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Runs a collector and keeps it running: starts it again when it ends, with growing pauses and an end to patience; passes
/// its log lines on; ends it when its health endpoint stops answering. Used by one thread, which must stay alive as long
/// as the collector (Linux ends the child with the thread that started it).
public final class CollectorSupervisor {
  public struct Settings: Sendable {
    /// The collector's program and its arguments.
    public var program: String
    public var arguments: [String]
    /// Variables added to this process's.
    public var environment: [(name: String, value: String)] = []
    /// Asked every `healthInterval`; `nil`: not at all.
    public var healthURL: String?
    public var healthInterval = 5.0
    /// Answers that may be missing in a row, once there has been one.
    public var healthFailures = 3
    /// Pauses before a restart, in seconds: the first, doubled each time, up to the last.
    public var restartInitial = 1.0
    public var restartMaximum = 30.0
    /// So many ends within `crashWindow` seconds are a crash loop.
    public var crashLimit = 5
    public var crashWindow = 120.0
    /// How long the collector may take to stop before it is killed.
    public var stopTimeout = 30.0

    public init(program: String, arguments: [String]) {
      self.program = program
      self.arguments = arguments
    }
  }

  /// What somebody wants of the supervisor.
  public enum Request: Sendable { case none, reload, stop }

  /// How it ended.
  public enum Outcome: Sendable, Equatable {
    case stopped
    /// It ended too often; the last exit status, or 128 and a signal's number.
    case crashLoop(lastStatus: Int32)
  }

  private let settings: Settings
  private let log: Log
  private var ends: [Int64] = []
  private var pipe: (reading: Int32, writing: Int32) = (-1, -1)
  private var partial: [UInt8] = []

  public init(_ settings: Settings, log: Log) {
    self.settings = settings
    self.log = log
  }

  /// Supervises until `request` says stop or patience ends. `request` is asked several times a second.
  public func run(_ request: () -> Request) throws(RelayError) -> Outcome {
    var pause = settings.restartInitial
    while true {
      let child = try start()
      let started = monotonicNanoseconds()
      var isStopping = false
      let status = watch(child, request, &isStopping)
      drainLog()
      closePipe()
      if isStopping { return .stopped }
      let now = monotonicNanoseconds()
      ends = ends.filter { Double(now - $0) / 1e9 < settings.crashWindow } + [now]
      if Double(now - started) / 1e9 > settings.crashWindow { pause = settings.restartInitial }
      if ends.count >= settings.crashLimit { return .crashLoop(lastStatus: status) }
      log.warn("the collector ended with status \(status); starting it again in \(pause) s")
      let resume = now + Int64(pause * 1e9)
      while monotonicNanoseconds() < resume {
        if request() == .stop { return .stopped }
        usleep(20_000)
      }
      pause = min(pause * 2, settings.restartMaximum)
    }
  }

  private func start() throws(RelayError) -> pid_t {
    var ends: [Int32] = [0, 0]
    guard Self.makePipe(&ends) == 0 else { throw .system(SystemError("create a pipe")) }
    pipe = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    var arguments: [UnsafeMutablePointer<CChar>?] = ([settings.program] + settings.arguments).map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = []
    var inherited = environ
    while let entry = inherited.pointee {
      variables.append(strdup(entry))
      inherited += 1
    }
    variables += settings.environment.map { strdup("\($0.name)=\($0.value)") } + [nil]
    defer {
      for pointer in arguments + variables { free(pointer) }
    }
    let child = ongrid_spawn(settings.program, &arguments, &variables, ends[1])
    if child < 0 {
      let failure = SystemError("start \(settings.program)")
      closePipe()
      throw .system(failure)
    }
    log.info("started \(settings.program) as process \(child)")
    return child
  }

  private static func makePipe(_ ends: inout [Int32]) -> Int32 {
    #if canImport(Glibc)
      Glibc.pipe(&ends)
    #else
      Darwin.pipe(&ends)
    #endif
  }

  /// Follows the collector to its end; its exit status, or 128 and the signal's number.
  private func watch(_ child: pid_t, _ request: () -> Request, _ isStopping: inout Bool) -> Int32 {
    var killAt = Int64.max
    var health = HealthProbe(settings)
    while true {
      var entry = pollfd(fd: pipe.reading, events: Int16(POLLIN), revents: 0)
      poll(&entry, 1, 50)
      drainLog()
      var status: Int32 = 0
      if waitpid(child, &status, WNOHANG) == child {
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
      }
      let now = monotonicNanoseconds()
      switch request() {
      case .none: break
      case .reload: kill(child, SIGHUP)
      case .stop where !isStopping:
        isStopping = true
        kill(child, SIGTERM)
        killAt = now + Int64(settings.stopTimeout * 1e9)
      case .stop: break
      }
      if now >= killAt {
        log.warn("the collector does not stop; killing it")
        kill(child, SIGKILL)
        killAt = Int64.max
      }
      if !isStopping, killAt == Int64.max, health.hasFailed(now) {
        log.warn("the collector's health endpoint does not answer; ending it")
        kill(child, SIGTERM)
        killAt = now + 10_000_000_000
      }
    }
  }

  /// Hands on the lines that the collector has written.
  private func drainLog() {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = read(pipe.reading, &buffer, buffer.count)
      guard count > 0 else { return }
      partial += buffer[..<count]
      while let end = partial.firstIndex(of: UInt8(ascii: "\n")) {
        log.info("otelcol: \(String(decoding: partial[..<end], as: UTF8.self))")
        partial.removeFirst(end + 1)
      }
      // A line without end is not allowed to fill the memory.
      if partial.count > 64 << 10 { partial.removeAll() }
    }
  }

  private func closePipe() {
    close(pipe.reading)
    close(pipe.writing)
  }
}

/// Asks a health endpoint from time to time.
private struct HealthProbe {
  private let url: HTTPURL?
  private let client: HTTPClient?
  private let interval: Int64
  private let limit: Int
  private var next: Int64
  private var failures = 0
  private var hasAnswered = false

  init(_ settings: CollectorSupervisor.Settings) {
    url = settings.healthURL.flatMap { try? HTTPURL($0) }
    var options = HTTPOptions()
    options.timeout = .seconds(2)
    client = url == nil ? nil : try? HTTPClient(options: options)
    interval = Int64(settings.healthInterval * 1e9)
    limit = settings.healthFailures
    next = monotonicNanoseconds() + interval
  }

  /// Whether it has answered once and then failed to so often that it must be taken for dead.
  mutating func hasFailed(_ now: Int64) -> Bool {
    guard let url, let client, now >= next else { return false }
    next = now + interval
    if let response = try? client.send(HTTPRequest(url: url)), response.isSuccess {
      hasAnswered = true
      failures = 0
    } else if hasAnswered {
      failures += 1
    }
    return failures >= limit
  }
}

import HTTPServer
import Libc
import Platform
import Relay

/// `ongrid relay --engine otelcol`.
enum RelayEngine {
  static func run(
    _ arguments: Arguments, _ configuration: RelayConfiguration, _ log: Log
  ) throws(CommandError) -> ExitStatus {
    let options = try options(arguments, log.level)
    if try arguments[RelayOptions.printConfig] {
      // What is printed is for a collector that nobody supervises, on the addresses that collectors use by custom.
      var options = options
      options.metrics = configuration.listenAdmin
      let collector: CollectorConfiguration
      do throws(RelayError) { collector = try CollectorConfiguration(configuration, options) } catch {
        throw .usage(error.description)
      }
      return try Ongrid.print(collector.text)
    }
    var configuration = configuration
    configuration.inheritedSockets = ServiceManager.inheritedSockets()
    let program = try program(arguments)
    let signals = StopSignals(andReload: true)
    let file = try ConfigurationFile()
    var settings = CollectorSupervisor.Settings(
      program: program, relay: configuration, configurationFile: file.path)
    settings.options = options
    do throws(RelayError) {
      let state = CollectorState()
      let admin = try admin(configuration.listenAdmin, state)
      defer { admin?.stop() }
      let watchdog = Watchdog { state.isSupervised }
      defer { watchdog.stop() }
      let outcome = try CollectorSupervisor(settings, state: state, log: log).run { signals.pending() }
      return try exitStatus(outcome, log)
    } catch {
      throw CommandError(error.description, status: error.isUsage ? .usage : .backend)
    }
  }

  /// Serves the collector's state.
  private static func admin(_ address: ListenAddress?, _ state: CollectorState) throws(RelayError) -> PageServer? {
    guard let address else { return nil }
    do throws(ListenError) {
      let server = try PageServer(address) { state.page($0) }
      try server.start()
      return server
    } catch {
      throw .listening(error)
    }
  }

  private static func exitStatus(_ outcome: CollectorSupervisor.Outcome, _ log: Log) throws(RelayError) -> ExitStatus {
    switch outcome {
    case .stopped(let status, let lost):
      if status != 0 {
        log.warn("the collector ended with status \(status); what it had not delivered is lost or in its queue")
      }
      if lost > 0 { log.warn("the collector has given up at least \(lost) spans, metrics or log records") }
      return status == 0 && lost == 0 ? .done : .partial
    case .crashLoop(let status, let error):
      let cause = error.map { ": \($0)" } ?? ""
      throw .collector("the collector ended again and again, last with status \(status)\(cause)")
    }
  }

  private static func options(
    _ arguments: Arguments, _ level: LogLevel
  ) throws(CommandError) -> CollectorConfiguration.Options {
    let native = "leave --engine otelcol out"
    for option in [RelayOptions.once, RelayOptions.delete] where try arguments[option] {
      throw .usage("--\(option.name) is not for a collector; \(native)")
    }
    if !arguments.positionals.isEmpty { throw .usage("a collector reads no files; \(native)") }
    var options = CollectorConfiguration.Options()
    options.logLevel = level
    if arguments.isGiven(RelayOptions.batchBytes) {
      if arguments.isGiven(RelayOptions.batchSpans) {
        throw .usage("a collector limits batches by --batch-spans or by --batch-bytes, not by both; \(native)")
      }
      options.batchLimit = .bytes
    }
    return options
  }

  private static func program(_ arguments: Arguments) throws(CommandError) -> String {
    if let path = try arguments[RelayOptions.otelcolPath] {
      guard access(path, F_OK) == 0 else {
        throw .usage("--otelcol-path '\(path)': \(SystemError("").reason)")
      }
      guard isProgram(path) else { throw .usage("--otelcol-path '\(path)': not a program that can be run") }
      return path
    }
    let names = ["otelcol-contrib", "otelcol"]
    for name in names {
      for directory in (arguments.environment("PATH") ?? "").split(separator: ":") {
        let path = "\(directory)/\(name)"
        if isProgram(path) { return path }
      }
    }
    throw CommandError("neither \(names[0]) nor \(names[1]) is in PATH; see --otelcol-path", status: .backend)
  }

  /// A directory has the mode of a program too.
  private static func isProgram(_ path: String) -> Bool {
    access(path, X_OK) == 0 && (try? FileStatus.of(path))?.isRegular == true
  }

  /// The name of a file of this user's own, which is removed at the end.
  private struct ConfigurationFile: ~Copyable {
    let path: String

    init() throws(CommandError) {
      let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
      var template = Array("\(directory)/ongrid-otelcol-XXXXXX".utf8CString)
      let descriptor = mkstemp(&template)
      path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard descriptor >= 0 else {
        throw CommandError(SystemError("write a configuration to \(directory)").description, status: .backend)
      }
      close(descriptor)
    }

    deinit { unlink(path) }
  }
}

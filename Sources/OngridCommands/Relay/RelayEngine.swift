import Platform
import Relay

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `ongrid relay --engine otelcol`.
enum RelayEngine {
  static func run(
    _ arguments: Arguments, _ configuration: RelayConfiguration, _ log: Log
  ) throws(CommandError) -> ExitStatus {
    let collector: CollectorConfiguration
    do throws(RelayError) { collector = try CollectorConfiguration(configuration) } catch {
      throw .usage(error.description)
    }
    if try arguments.flag(RelayOptions.printConfig) { return try Ongrid.print(collector.text) }
    let program = try program(arguments)
    let signals = StopSignals(andReload: true)
    let file = try ConfigurationFile(collector.text)
    var settings = CollectorSupervisor.Settings(program: program, arguments: ["--config=file:\(file.path)"])
    settings.environment = collector.environment
    settings.stopTimeout = configuration.drainTimeout
    settings.healthURL = configuration.listenAdmin.map { "http://\($0)/" }
    let outcome: CollectorSupervisor.Outcome
    do throws(RelayError) {
      outcome = try CollectorSupervisor(settings, log: log).run { signals.pending() }
    } catch {
      throw CommandError(error.description, status: .backend)
    }
    guard case .crashLoop(let status) = outcome else { return .done }
    throw CommandError("the collector ended again and again, last with status \(status)", status: .backend)
  }

  private static func program(_ arguments: Arguments) throws(CommandError) -> String {
    if let path = arguments.stringIfGiven(RelayOptions.otelcolPath) {
      guard access(path, X_OK) == 0 else { throw .usage("--otelcol-path '\(path)': not a program that can be run") }
      return path
    }
    for name in ["otelcol-contrib", "otelcol"] {
      for directory in (arguments.environment("PATH") ?? "").split(separator: ":") {
        let path = "\(directory)/\(name)"
        if access(path, X_OK) == 0 { return path }
      }
    }
    throw CommandError("neither otelcol-contrib nor otelcol is in PATH; see --otelcol-path", status: .backend)
  }

  /// The configuration in a file of this user's own, removed at the end.
  private struct ConfigurationFile: ~Copyable {
    let path: String

    init(_ text: String) throws(CommandError) {
      let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
      var template = Array("\(directory)/ongrid-otelcol-XXXXXX".utf8CString)
      let descriptor = mkstemp(&template)
      path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard descriptor >= 0 else {
        throw CommandError(SystemError("write a configuration to \(directory)").description, status: .backend)
      }
      let file = FileDescriptor(descriptor)
      do throws(SystemError) {
        try Array(text.utf8).withByteView { (view) throws(SystemError) in try file.writeAll(view) }
      } catch { throw CommandError(error.description, status: .backend) }
    }

    deinit { unlink(path) }
  }
}

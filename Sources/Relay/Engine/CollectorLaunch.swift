import HTTPServer
import Platform

/// One start of a collector: its addresses on the loopback interface, its configuration, and the file that has it.
struct CollectorLaunch {
  let settings: CollectorSupervisor.Settings
  /// The collector's own addresses, which stay the same over a reload.
  let health: ListenAddress
  let metrics: ListenAddress?
  private(set) var configuration: CollectorConfiguration

  /// Finds free ports, reads the secrets and writes the file.
  init(_ settings: CollectorSupervisor.Settings) throws(RelayError) {
    self.settings = settings
    // Both are held until each has its port, so that they differ. Another process may take one before the collector
    // does; then the collector ends, and the next start has other ports.
    do throws(ListenError) {
      let first = try ListeningSocket(ListenAddress(host: "127.0.0.1", port: 0))
      let second = try ListeningSocket(ListenAddress(host: "127.0.0.1", port: 0))
      health = first.address
      metrics = settings.relay.listenAdmin == nil ? nil : second.address
    } catch {
      throw .listening(error)
    }
    configuration = try CollectorLaunch.configuration(settings, health, metrics)
    try write()
  }

  private static func configuration(
    _ settings: CollectorSupervisor.Settings, _ health: ListenAddress, _ metrics: ListenAddress?
  ) throws(RelayError) -> CollectorConfiguration {
    var options = settings.options
    options.health = health
    options.metrics = metrics
    return try CollectorConfiguration(settings.relay, options)
  }

  private func write() throws(RelayError) {
    do throws(SystemError) {
      let file = try AtomicFile(settings.configurationFile, mode: 0o600)
      try Array(configuration.text.utf8).withByteView { (view) throws(SystemError) in try file.write(view) }
      try file.commit()
    } catch { throw .system(error) }
  }

  /// The arguments that name the file.
  var arguments: [String] { ["--config=file:\(settings.configurationFile)"] }

  func start() throws(RelayError) -> CollectorProcess {
    try CollectorProcess(settings.program, arguments, environment: configuration.environment)
  }

  /// Whether the files with secrets say something else than what the collector was started with.
  func secretsHaveChanged() throws(RelayError) -> Bool {
    let now = try CollectorLaunch.configuration(settings, health, metrics).environment
    return !now.elementsEqual(configuration.environment) { $0 == $1 }
  }

  /// Lets the collector itself judge the configuration, so that one that it cannot follow is an error at once and not a
  /// crash loop. False when `request` says stop before that.
  func validate(_ request: () -> CollectorSupervisor.Request) throws(RelayError) -> Bool {
    let judge = try CollectorProcess(
      settings.program, ["validate"] + arguments, environment: configuration.environment)
    let deadline = monotonicDeadline(after: settings.validateTimeout)
    var lines: [String] = []
    while true {
      let status = judge.ended()
      judge.readLines { if lines.count < 8 { lines.append($0) } }
      if status == 0 { return true }
      if let status { throw .collector(CollectorLaunch.complaint(settings.program, lines, status)) }
      if monotonicNanoseconds() > deadline {
        throw .collector("\(settings.program) validate does not end; is it an OpenTelemetry Collector?")
      }
      if request() == .stop { return false }
      judge.waitForOutput(milliseconds: 20)
    }
  }

  private static func complaint(_ program: String, _ lines: [String], _ status: Int32) -> String {
    var text = lines.filter { !$0.isEmpty }.joined(separator: "; ")
    if text.hasPrefix("Error: ") { text.removeFirst(7) }
    if text.isEmpty { text = "status \(status)" }
    var hint = ""
    if text.contains("unknown type") { hint = " (otelcol-contrib has every component that is needed)" }
    if text.contains("invalid keys") { hint = " (it must be OpenTelemetry Collector 0.130 or later)" }
    return "\(program) does not accept its configuration: \(text)\(hint)"
  }
}

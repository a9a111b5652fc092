import Backends
import Platform

/// The checks in the order of the pipeline.
struct Doctor {
  let settings: DoctorSettings
  var report: DoctorReport
  private let probe = ProbeSpan()

  init(_ settings: DoctorSettings, _ report: DoctorReport) {
    self.settings = settings
    self.report = report
  }

  mutating func run() throws(CommandError) {
    for finding in MachineChecks.findings() { try report.add(finding) }
    // The metric's value before the span, which is to rise.
    let metrics = try settings.prometheus.map { (server) throws(CommandError) in try greetPrometheus(server) } ?? nil
    let counted = metrics?.countedProbes()
    let isSent = try checkRelay()
    try checkTempo(isSent)
    if let metrics { try checkMetrics(metrics, isSent, counted ?? nil) }
    if let loki = settings.loki { try checkLoki(loki) }
    if settings.tempo == nil {
      try report.add(.skipped("tempo.reachable", "not asked", "name it with --tempo or ONGRID_TEMPO_URL"))
    }
    if settings.prometheus == nil {
      try report.add(
        .skipped("prometheus.reachable", "not asked", "name it with --prometheus or ONGRID_PROMETHEUS_URL"))
    }
  }

  /// Whether a span is on its way.
  private mutating func checkRelay() throws(CommandError) -> Bool {
    let relay = RelayChecks(settings)
    let health = relay.health()
    for finding in health { try report.add(finding) }
    guard settings.sends else { return false }
    let finding = relay.send(probe)
    try report.add(finding)
    return finding.level == .ok || finding.level == .warning
  }

  private mutating func checkTempo(_ isSent: Bool) throws(CommandError) {
    guard let place = settings.tempo else { return }
    let server: DoctorServer
    do throws(BackendError) { server = try DoctorServer("Tempo", place) } catch {
      return try report.add(.outage("tempo.reachable", error.description, "see --tempo"))
    }
    let tempo = TempoChecks(server, place)
    let (version, findings) = server.greet("/api/status/buildinfo") { $0["version"]?.string }
    for finding in findings { try report.add(finding) }
    guard findings.first?.isOutage != true else { return }
    if let version, let finding = tempo.age(version) { try report.add(finding) }
    for finding in tempo.configuration() { try report.add(finding) }
    if let finding = tempo.discards() { try report.add(finding) }
    guard isSent else { return }
    let deadline = monotonicDeadline(after: settings.wait)
    let arrival = tempo.follow(probe, until: deadline)
    try report.add(arrival)
    if arrival.level == .ok { try report.add(tempo.search(probe, until: deadline)) }
  }

  private mutating func greetPrometheus(_ place: DoctorSettings.Server) throws(CommandError) -> PrometheusChecks? {
    let server: DoctorServer
    let checks: PrometheusChecks
    do throws(BackendError) {
      server = try DoctorServer("Prometheus", place)
      checks = try PrometheusChecks(server, place)
    } catch {
      try report.add(.outage("prometheus.reachable", error.description, "see --prometheus"))
      return nil
    }
    let (_, findings) = server.greet("/api/v1/status/buildinfo") { $0["data"]?["version"]?.string }
    for finding in findings { try report.add(finding) }
    return findings.first?.isOutage == true ? nil : checks
  }

  private mutating func checkMetrics(
    _ metrics: PrometheusChecks, _ isSent: Bool, _ counted: Double?
  ) throws(CommandError) {
    for finding in metrics.settings() { try report.add(finding) }
    if isSent {
      try report.add(metrics.follow(probe, counted: counted, until: monotonicDeadline(after: settings.wait)))
    }
    let names = metrics.names()
    for finding in names.findings { try report.add(finding) }
    for finding in RuleChecks(metrics.server, names.profile).findings() { try report.add(finding) }
  }

  private mutating func checkLoki(_ place: DoctorSettings.Server) throws(CommandError) {
    let server: DoctorServer
    do throws(BackendError) { server = try DoctorServer("Loki", place) } catch {
      return try report.add(.outage("loki.reachable", error.description, "see --loki"))
    }
    let (_, findings) = server.greet("/loki/api/v1/status/buildinfo") { $0["version"]?.string }
    for finding in findings { try report.add(finding) }
    guard findings.first?.isOutage != true else { return }
    try report.add(Doctor.labels(of: server))
  }

  private static func labels(of loki: DoctorServer) -> DoctorFinding {
    do throws(BackendError) {
      let labels = try loki.client.json("/loki/api/v1/labels")["data"]?.elements?.compactMap(\.string) ?? []
      if labels.contains("service_name") { return .ok("loki.labels", "streams have the label service_name") }
      return .warning(
        "loki.labels", "no stream has the label service_name",
        "send logs over OTLP, or give correlate --log-selector with the label that holds the service")
    } catch {
      return .problem("loki.labels", error.description, loki.remedy(for: error))
    }
  }
}

import Backends
import MetricProfiles
import Platform
import Transport

/// Prometheus: what it lets in and keeps, and the span metrics in it.
struct PrometheusChecks {
  let server: DoctorServer
  private let client: PrometheusClient

  init(_ server: DoctorServer, _ place: DoctorSettings.Server) throws(BackendError) {
    self.server = server
    client = try PrometheusClient(url: place.url, options: place.http, retry: RetryPolicy(maximumAttempts: 1))
  }

  /// Remote write, exemplars and retention, where the server shows its flags.
  func settings() -> [DoctorFinding] {
    guard let flags = try? server.client.json("/api/v1/status/flags")["data"], flags.members != nil else {
      return [.skipped("prometheus.settings", "it does not show its flags")]
    }
    func flag(_ name: String) -> String { flags[name]?.string ?? "" }
    let features = flag("enable-feature")
    let takesWrites =
      flag("web.enable-remote-write-receiver") == "true" || features.contains("remote-write-receiver")
    var findings: [DoctorFinding] = [
      takesWrites
        ? .ok("prometheus.writes", "takes remote write")
        : .warning(
          "prometheus.writes", "takes no remote write, by which Tempo's generator hands on what it counts",
          "start it with --web.enable-remote-write-receiver, or scrape 'ongrid spanmetrics --listen'"),
      features.contains("exemplar-storage")
        ? .ok("prometheus.exemplars", "keeps exemplars")
        : .warning(
          "prometheus.exemplars", "keeps no exemplars, so that metrics lead to no trace",
          "start it with --enable-feature=exemplar-storage"),
    ]
    let retention = (try? server.client.json("/api/v1/status/runtimeinfo")["data"]?["storageRetention"]?.string) ?? ""
    if let time = DurationText.parse(retention.prefix { $0 != " " }), time > 0 {
      findings.append(
        time < Duration.seconds(7200).nanoseconds
          ? .warning(
            "prometheus.retention", "metrics are kept for \(retention) only",
            "correlate compares with the hour before: raise --storage.tsdb.retention.time")
          : .ok("prometheus.retention", "metrics are kept for \(retention)"))
    }
    return findings
  }

  private static let callNames = Set(MetricProfile.all.map(\.calls)).sorted()

  /// How many spans of the probe's service have been counted; nil when nobody says.
  func countedProbes() -> Double? {
    let names = "__name__=~\"\(PrometheusChecks.callNames.joined(separator: "|"))\""
    let sums = ["service_name", "service"].map { "sum({\(names),\($0)=\"\(ProbeSpan.service)\"})" }
    guard let result = try? client.query(sums.joined(separator: " or ")) else { return nil }
    return result.series.first?.samples.last?.value ?? 0
  }

  /// Waits for the span to be counted.
  func follow(_ probe: ProbeSpan, counted before: Double?, until deadline: Int64) -> DoctorFinding {
    guard let before else { return .skipped("metric.counts", "the span metrics could not be asked for") }
    repeat {
      if let now = countedProbes(), now > before {
        return .ok("metric.counts", "the span was counted after \(Doctor.elapsed(since: probe.sent))")
      }
    } while Doctor.pauses(until: deadline)
    return .problem(
      "metric.counts", "no span metric has counted the span within \(Doctor.elapsed(since: probe.sent))",
      "see tempo.generator, remote_write in Tempo's metrics_generator, prometheus.writes, and clocks")
  }

  /// Which span metrics there are, and whether they can be asked.
  func names() -> (profile: FoundProfile?, findings: [DoctorFinding]) {
    do throws(BackendError) {
      let now = Timestamp.now
      for profile in MetricProfile.all {
        let labels = try client.labelNames(matching: [profile.calls], start: now - .seconds(3600), end: now)
        guard !labels.isEmpty else { continue }
        let found = FoundProfile(profile: profile, labels: Set(labels))
        return (
          found, [service(found), try age(profile), try buckets(profile), try overflow(profile)].compactMap(\.self)
        )
      }
      return (
        nil,
        [
          .problem(
            "metric.names", "no span metrics within the last hour",
            "turn on Tempo's metrics_generator, or run 'ongrid spanmetrics --remote-write'")
        ]
      )
    } catch {
      return (nil, [.problem("metric.names", error.description, server.remedy(for: error))])
    }
  }

  private func service(_ found: FoundProfile) -> DoctorFinding {
    let names = found.serviceLabels
    let calls = found.profile.calls
    switch names {
    case []:
      return .problem(
        "metric.labels", "\(calls) has neither the label service_name nor service",
        "keep the service's name as a dimension of the span metrics")
    case ["service_name"]: return .ok("metric.labels", "\(calls) holds the service in service_name")
    case ["service"]:
      return .warning(
        "metric.labels", "\(calls) holds the service in service, and ongrid looks for service_name",
        "add service.name to the dimensions of Tempo's span_metrics, or give --service-label service")
    default: return .ok("metric.labels", "\(calls) holds the service in service_name and in service")
    }
  }

  /// When the last sample came.
  private func age(_ profile: MetricProfile) throws(BackendError) -> DoctorFinding? {
    let series = try client.query("time() - max(timestamp(\(profile.calls)))").series
    guard let age = series.first?.samples.last?.value, age.isFinite else {
      return .problem(
        "metric.age", "\(profile.calls) has no sample within five minutes",
        "see that spans come (relay.accepts) and that Tempo's remote_write arrives")
    }
    return .ok(
      "metric.age", "the last sample came \(DurationText.format(Duration.seconds(Int64(max(age, 0))).nanoseconds)) ago")
  }

  /// Whether all histograms have the same bounds: a quantile over several is wrong otherwise.
  private func buckets(_ profile: MetricProfile) throws(BackendError) -> DoctorFinding? {
    let counts = try client.query("count by (le) (\(profile.latency)_bucket)").series
    let bounds = counts.compactMap { series in
      series.labels["le"].flatMap { Double($0) }.map { (bound: $0, count: series.samples.last?.value ?? 0) }
    }
    guard !bounds.isEmpty else {
      let native = try client.query("count(\(profile.latency))").series
      return native.isEmpty
        ? .problem(
          "metric.buckets", "there is no histogram \(profile.latency)", "let the generator write histograms")
        : .ok("metric.buckets", "\(profile.latency) is a native histogram: compile rules with --generator tempo-native")
    }
    let finite = bounds.map(\.bound).filter(\.isFinite).sorted()
    guard Set(bounds.map(\.count)).count == 1 else {
      return .warning(
        "metric.buckets", "series of \(profile.latency) have different buckets",
        "quantiles over several services will be wrong: use the same histogram_buckets in every generator")
    }
    let unit = profile.latencyUnit.rawValue
    let range = "\(FloatText.general(finite.first ?? 0))\(unit) to \(FloatText.general(finite.last ?? 0))\(unit)"
    return .ok("metric.buckets", "\(finite.count) buckets from \(range)")
  }

  /// Whether a generator has come to its limit of series.
  private func overflow(_ profile: MetricProfile) throws(BackendError) -> DoctorFinding? {
    let over = try client.query("sum(\(profile.calls){metric_overflow=\"true\"})").series
    guard !over.isEmpty else { return .ok("metric.limits", "no generator has reached its limit of series") }
    return .warning(
      "metric.limits", "spans are counted in metric_overflow, since a generator has reached its limit of series",
      "find the names that vary with 'count by (span_name) (\(profile.calls))', or raise max_active_series")
  }
}

/// The span metrics that a Prometheus has.
struct FoundProfile {
  let profile: MetricProfile
  let labels: Set<String>

  /// Those labels that hold the service's name, `service_name` first.
  var serviceLabels: [String] { ["service_name", "service"].filter(labels.contains) }
}

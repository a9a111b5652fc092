import Backends
import JSON
public import Platform
import TraceFormats
import TraceQL
public import Transport

/// Gathers the bundles of several incidents, as `--format bundle` prints them.
public struct BundleCollector: Sendable {
  private let configuration: CorrelateConfiguration

  /// As many incidents as ongridio/ongrid's tool takes.
  public static let maximumIncidents = 16
  /// Nanoseconds.
  public static let windows = 60 * Nanoseconds.perSecond...240 * 60 * Nanoseconds.perSecond

  public init(_ configuration: CorrelateConfiguration) {
    self.configuration = configuration
  }

  /// What came of the incidents.
  public struct Answer: Sendable {
    /// `{"success_count":…,"error_count":…,"results":[…]}` with a line feed.
    public let bytes: [UInt8]
    /// Whether a source failed or an incident has no bundle.
    public let isPartial: Bool
  }

  /// - Parameters:
  ///   - moment: When they happened; nil for each incident's own time, or now.
  ///   - maximumBytes: of each bundle.
  public func collect(
    _ incidents: [Incident], at moment: Timestamp? = nil, now: Timestamp = .now, maximumBytes: Int,
    cancellation: HTTPCancellation? = nil
  ) -> Answer {
    let bundles = Parallel.map(incidents.count, width: configuration.maximumConcurrency) { index in
      bundle(incidents, index, at: moment ?? incidents[index].firstFiredAt ?? now, cancellation)
    }
    let failed = bundles.count { $0.number == 0 }
    let results = bundles.map { bundle -> JSONValue in
      let number = ("incident_id", JSONValue(.number(String(bundle.number))))
      guard bundle.number > 0 else { return .object([number, ("error", .text("incident_id must be > 0"))]) }
      return .object([number, ("bundle", bundle.value(maximumBytes: maximumBytes))])
    }
    var writer = JSONWriter()
    writer.value(
      .object([
        ("success_count", .int(bundles.count - failed)), ("error_count", .int(failed)), ("results", .array(results)),
      ]))
    writer.newline()
    return Answer(bytes: writer.bytes, isPartial: failed > 0 || bundles.contains(where: \.hasFailed))
  }

  /// The number that an incident has in its results: its own, or its place where that is no number.
  public static func number(of incident: Incident, at index: Int) -> UInt64 {
    incident.id.flatMap { UInt64($0) } ?? UInt64(index + 1)
  }

  private func bundle(
    _ incidents: [Incident], _ index: Int, at moment: Timestamp, _ cancellation: HTTPCancellation?
  ) -> IncidentBundle {
    let incident = incidents[index]
    let half = configuration.windowLength / 2
    var bundle = IncidentBundle(
      incident: incident, number: BundleCollector.number(of: incident, at: index),
      start: moment.advanced(byNanoseconds: -half), end: moment.advanced(byNanoseconds: half))
    guard bundle.number > 0 else { return bundle }
    let task = CorrelationTask(
      configuration: configuration, incident: incident, service: incident.service ?? "",
      window: CorrelationWindow(start: bundle.start, end: bundle.end),
      deadline: monotonicNanoseconds() &+ configuration.timeout, cancellation: cancellation)
    let source = BundleSource(task: task, queries: BundleQueries(incident: incident))
    let parts: [@Sendable () -> BundlePart] = [source.metrics, source.logs, source.traces, source.edge]
    for part in Parallel.map(parts.count, { parts[$0]() }) {
      switch part {
      case .metrics(let series): bundle.metrics = series
      case .logs(let lines): bundle.logs = lines
      case .traces(let rows): bundle.traces = rows
      case .edge(let edge): bundle.edge = edge
      case .skipped(let panel, let reason, let isFailure):
        bundle.skipped[panel] = reason
        bundle.hasFailed = bundle.hasFailed || isFailure
      case .nothing: break
      }
    }
    if let device = incident.stored.deviceID {
      let day = moment.advanced(byNanoseconds: -86_400 * Nanoseconds.perSecond)
      bundle.edge?.recentIncidents = incidents.count { other in
        other.stored.deviceID == device && (other.firstFiredAt.map { $0 > day } ?? false)
      }
    }
    return bundle
  }
}

enum BundlePart: Sendable {
  case metrics([PrometheusSeries])
  case logs([IncidentBundle.LogLine])
  case traces([IncidentBundle.TraceRow])
  case edge(IncidentBundle.Edge)
  case skipped(String, String, isFailure: Bool)
  case nothing
}

/// Asks for the panels of one bundle.
struct BundleSource: Sendable {
  let task: CorrelationTask
  let queries: BundleQueries

  private var configuration: CorrelateConfiguration { task.configuration }

  func metrics() -> BundlePart {
    guard let url = configuration.prometheus else {
      return .skipped("metric_panel", "prom query client not configured", isFailure: false)
    }
    guard let query = queries.metric else {
      return .skipped("metric_panel", "rule kind unsupported or expression unavailable", isFailure: false)
    }
    do throws(BackendError) {
      let client = try PrometheusClient(
        url: url, options: configuration.prometheusHTTP, retry: CorrelateConfiguration.retry)
      task.prepare(client.client)
      let series = try client.queryRange(
        query, start: task.window.start, end: task.window.end, step: BundleQueries.step(task.window.length))
      let sized = series.enumerated().map {
        (offset: $0.offset, series: $0.element, size: BundleSource.size($0.element))
      }
      let largest = sized.sorted { ($1.size, $0.offset) < ($0.size, $1.offset) }
      return .metrics(largest.prefix(IncidentBundle.maximumSeries).map(\.series))
    } catch {
      return .skipped("metric_panel", "prom query failed: \(error)", isFailure: true)
    }
  }

  private static func size(_ series: PrometheusSeries) -> Double {
    series.samples.lazy.map(\.value.magnitude).filter { !$0.isNaN }.max() ?? 0
  }

  func logs() -> BundlePart {
    guard let url = configuration.loki else {
      return .skipped("log_panel", "log query client not configured", isFailure: false)
    }
    let selected = configuration.logSelector.map { "\($0) |~ \"(?i)error|panic|oom|fatal|fail\"" }
    guard let query = selected ?? queries.logs else {
      return .skipped("log_panel", "incident has no edge_id", isFailure: false)
    }
    do throws(BackendError) {
      let client = try LokiClient(url: url, options: configuration.lokiHTTP, retry: CorrelateConfiguration.retry)
      task.prepare(client.client)
      let answer = try client.queryRange(
        query, start: task.window.start, end: task.window.end, limit: IncidentBundle.maximumLines)
      guard case .entries(let entries) = answer else { return .logs([]) }
      return .logs(
        entries.map { .init(time: $0.time, line: BundleSource.cut($0.line), labels: $0.labels) })
    } catch {
      return .skipped("log_panel", "loki query failed: \(error)", isFailure: true)
    }
  }

  /// A line cut after 200 bytes, or a little before where these would end within a character.
  private static func cut(_ line: String) -> String {
    guard line.utf8.count > IncidentBundle.maximumLine else { return line }
    var bytes = Array(line.utf8.prefix(IncidentBundle.maximumLine + 1))
    while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
    return String(decoding: bytes, as: UTF8.self) + "…"
  }

  func traces() -> BundlePart {
    guard configuration.tempo != nil || !configuration.files.isEmpty else {
      return .skipped("trace_panel", "trace query client not configured", isFailure: false)
    }
    guard let query = queries.traces else {
      return .skipped("trace_panel", "no service label on incident", isFailure: false)
    }
    guard let url = configuration.tempo, configuration.files.isEmpty else { return localTraces(query) }
    do throws(BackendError) {
      let client = try TempoClient(url: url, options: configuration.tempoHTTP, retry: CorrelateConfiguration.retry)
      task.prepare(client.client)
      let found = try client.search(
        TraceSearchRequest(
          query: query, start: task.window.start, end: task.window.end, limit: IncidentBundle.maximumTraces))
      return .traces(
        found.prefix(IncidentBundle.maximumTraces).map {
          .init(
            id: $0.id, service: $0.rootService, rootName: $0.rootName, durationMilliseconds: $0.durationMilliseconds,
            start: $0.start)
        })
    } catch {
      return .skipped("trace_panel", "tempo query failed: \(error)", isFailure: true)
    }
  }

  private func localTraces(_ query: String) -> BundlePart {
    do {
      var input = configuration.fileOptions
      let deadline = task.deadline
      input.mustStop = { monotonicNanoseconds() > deadline }
      var options = LocalEngine.Options()
      options.limit = IncidentBundle.maximumTraces
      options.skipsBad = configuration.skipsBadRecords
      options.range = TimeRange(
        start: UInt64(clamping: task.window.start.nanoseconds), end: UInt64(clamping: task.window.end.nanoseconds))
      let engine = LocalEngine(try Query(parsing: query), options)
      let found = try engine.search(.input(try TraceInput(configuration.files, options: input)))
      return .traces(
        found.traces.map {
          .init(
            id: $0.traceID, service: $0.rootServiceName, rootName: $0.rootTraceName,
            durationMilliseconds: Int64($0.duration) / Nanoseconds.perMillisecond,
            start: Timestamp(nanoseconds: Int64(clamping: $0.startTimeUnixNano)))
        })
    } catch {
      return .skipped("trace_panel", "files: \(error)", isFailure: true)
    }
  }

  /// How the host is doing now; what cannot be told is left out.
  func edge() -> BundlePart {
    guard let url = configuration.prometheus, let queries = queries.edge, let device = task.incident.stored.deviceID
    else { return .nothing }
    let values = Parallel.map(queries.count) { index -> Double? in
      guard let client = try? PrometheusClient(url: url, options: configuration.prometheusHTTP) else { return nil }
      task.prepare(client.client)
      client.client.deadline = min(task.deadline, monotonicNanoseconds() + 3 * Nanoseconds.perSecond)
      return (try? client.query(queries[index]))?.series.first?.samples.first?.value
    }
    // `map` drops nothing here: a value that is not known is still an element.
    return .edge(.init(id: device, processorPercent: values[0], memoryPercent: values[1], up: values[2]))
  }
}

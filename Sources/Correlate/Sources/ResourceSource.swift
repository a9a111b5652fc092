import Backends
import Platform
import Transport

/// Asks Prometheus what the services in the traces used: processor, memory, restarts.
struct ResourceSource: Sendable {
  let url: HTTPURL
  let task: CorrelationTask
  let services: Set<String>
  /// Where the time before ends, Unix nanoseconds.
  let boundary: Int64

  /// What a number stands for decides which growth of it is one.
  private enum Meaning: Sendable {
    /// A share of a limit, or a number of processors.
    case processor
    case throttled
    case memory
    /// Counts that should not grow at all.
    case mishap(String)
  }

  private struct Plan: Sendable {
    var name: String
    var meaning: Meaning
    var query: String
  }

  /// Labels that may name a service, or a pod or container of one.
  private static let labels = [
    "service_name", "service", "app", "job", "deployment", "k8s_deployment_name", "container", "container_name",
    "k8s_container_name", "pod", "pod_name", "k8s_pod_name", "name",
  ]

  private static let maximumSeries = 2000

  private var step: Int64 {
    let length = task.window.end.nanoseconds.subtractingSaturating(task.window.baselineStart.nanoseconds)
    return max(15 * Nanoseconds.perSecond, length / 240)
  }

  private var plans: [Plan] {
    let range = "\(max(60, 2 * step / Nanoseconds.perSecond))s"
    let by = "by (\(ResourceSource.labels.joined(separator: ", ")))"
    let rate = { (metric: String) in "sum \(by) (rate(\(metric)[\(range)]))" }
    let gauges =
      #"{__name__=~".*(container|pod|process|service|app)_cpu.*(ratio|percent|utilization|usage)",__name__!~".*(total|request|limit)"}"#
    return [
      Plan(name: "processor", meaning: .processor, query: "max \(by) (\(gauges))"),
      Plan(name: "processor", meaning: .processor, query: rate(#"container_cpu_usage_seconds_total{image!=""}"#)),
      Plan(name: "processor", meaning: .processor, query: rate("process_cpu_seconds_total")),
      Plan(
        name: "throttling", meaning: .throttled,
        query: "\(rate("container_cpu_cfs_throttled_periods_total")) / \(rate("container_cpu_cfs_periods_total"))"),
      Plan(
        name: "memory", meaning: .memory, query: "max \(by) (container_memory_working_set_bytes{container!=\"\"})"),
      Plan(name: "memory", meaning: .memory, query: "max \(by) (process_resident_memory_bytes)"),
      Plan(
        name: "restarts", meaning: .mishap("restarts"),
        query: "max \(by) (kube_pod_container_status_restarts_total)"),
      Plan(
        name: "oom_kills", meaning: .mishap("kills for want of memory"),
        query: "max \(by) (container_oom_events_total)"),
    ]
  }

  func ask() -> SourceOutcome<[PlaceFinding]> {
    let begin = monotonicNanoseconds()
    let plans = self.plans
    let answers = Parallel.map(plans.count) { send(plans[$0]) }
    var outcome = SourceOutcome<[PlaceFinding]>(panel: [])
    for (plan, answer) in zip(plans, answers) {
      outcome.queries.append(
        SentQuery(
          source: "prometheus", name: plan.name, path: "/api/v1/query_range", query: plan.query,
          start: task.window.baselineStart, end: task.window.end, step: step))
      switch answer {
      case .failure(let error): outcome.failures.append((plan.name, error.description))
      case .success(let series):
        outcome.answered = true
        for one in series.prefix(ResourceSource.maximumSeries) {
          if let service = service(one.labels), let finding = finding(plan, service, one.samples) {
            outcome.panel.append(finding)
          }
        }
      }
    }
    outcome.elapsed = monotonicNanoseconds() - begin
    return outcome
  }

  private func send(_ plan: Plan) -> Result<[PrometheusSeries], BackendError> {
    Result { () throws(BackendError) in
      let client = try PrometheusClient(
        url: url, options: task.configuration.prometheusHTTP, retry: CorrelateConfiguration.retry)
      task.prepare(client.client)
      return try client.queryRange(plan.query, start: task.window.baselineStart, end: task.window.end, step: step)
    }
  }

  /// The service a series is about: a label that is its name, or a pod whose name begins with it.
  private func service(_ labels: [String: String]) -> String? {
    for name in [task.configuration.serviceLabel] + ResourceSource.labels {
      if let value = labels[name], services.contains(value) { return value }
    }
    for name in ["pod", "pod_name", "k8s_pod_name"] {
      guard let value = labels[name] else { continue }
      let parts = value.split(separator: "-", omittingEmptySubsequences: false)
      for count in stride(from: parts.count - 1, to: 0, by: -1) {
        let prefix = parts.prefix(count).joined(separator: "-")
        if services.contains(prefix) { return prefix }
      }
    }
    return nil
  }

  private func finding(_ plan: Plan, _ service: String, _ samples: [PrometheusSample]) -> PlaceFinding? {
    let values = samples.filter { $0.value.isFinite }
    let before = values.filter { $0.time.nanoseconds < boundary }.map(\.value).sorted()
    let now = values.filter { $0.time.nanoseconds >= boundary }.map(\.value)
    guard before.count >= 2, let peak = now.max(), let most = before.last else { return nil }
    let usual = before[before.count / 2]
    let mean = Statistics.mean(before)
    let deviation = (before.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(before.count)).squareRoot()
    let size: Double
    let text: String
    switch plan.meaning {
    case .processor:
      guard peak > usual + max(0.05, 3 * deviation), peak > 1.5 * usual, peak > most * 1.1, peak > 0.3 else {
        return nil
      }
      size = min(1, peak - usual)
      text = "\(service): processor \(NumberText.short(usual)) before, \(NumberText.short(peak)) now"
    case .throttled:
      guard peak > usual + max(0.1, 3 * deviation), peak > 2 * usual, peak > most * 1.1 else { return nil }
      size = min(1, peak - usual) / 2
      text = "\(service): throttled in \(Blame.percent(usual)) of periods before, \(Blame.percent(peak)) now"
    case .memory:
      guard usual > 0, peak > usual + 4 * deviation, peak > 1.5 * usual, peak > most * 1.2 else { return nil }
      size = min(1, ChangeTest.ratioEffect(peak / usual)) / 2
      text = "\(service): memory × \(NumberText.short(peak / usual))"
    case .mishap(let name):
      guard peak >= most + 1 else { return nil }
      size = 0.6
      text = "\(service): \(NumberText.short((peak - most).rounded())) \(name)"
    }
    return PlaceFinding(
      kind: .resources, service: service, strength: ChangeTest.cap * size, before: usual, now: peak, text: text)
  }
}

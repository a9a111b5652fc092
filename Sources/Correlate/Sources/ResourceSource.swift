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

  private struct Plan: Sendable {
    var name: String
    var meaning: ResourceChange.Meaning
    var query: String
  }

  /// Labels that may name a service, or a pod or container of one.
  private static let labels = [
    "service_name", "service", "app", "job", "deployment", "k8s_deployment_name", "container", "container_name",
    "k8s_container_name", "statefulset", "daemonset", "pod", "pod_name", "k8s_pod_name", "name",
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
      Plan(
        name: "oom_kills", meaning: .mishap("kills for want of memory"),
        query: #"max \#(by) (kube_pod_container_status_last_terminated_reason{reason="OOMKilled"})"#),
      Plan(
        name: "rollouts", meaning: .change("rollout"),
        query: "max \(by) ({__name__=~\"kube_(deployment|statefulset|daemonset)_metadata_generation\"})"),
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
          guard let service = service(one.labels) else { continue }
          let samples = one.samples.map { ResourceChange.Sample(time: $0.time.nanoseconds, value: $0.value) }
          if let found = ResourceChange.finding(plan.meaning, service: service, samples, boundary: boundary) {
            outcome.panel.append(found)
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
}

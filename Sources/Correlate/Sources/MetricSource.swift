import Backends
import Platform
import Transport

/// A series of the metric panel, over the window and over the baseline before it.
struct MetricSeries: Sendable {
  /// `call_rate`, `error_rate`, `latency_p50`, …, `rule`.
  var name: String
  /// `calls/s`, `%`, `ms`; empty for the rule's own expression.
  var unit: String
  var query: String
  var labels: [String: String] = [:]
  var window: [PrometheusSample] = []
  var baseline: [PrometheusSample] = []

  /// Means of what is a number.
  var windowMean: Double? { MetricSeries.mean(window) }
  var baselineMean: Double? { MetricSeries.mean(baseline) }
  var peak: PrometheusSample? { window.filter { $0.value.isFinite }.max { $0.value < $1.value } }

  private static func mean(_ samples: [PrometheusSample]) -> Double? {
    let values = samples.map(\.value).filter(\.isFinite)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}

/// What Prometheus knows of the service.
struct MetricPanel: Sendable {
  var series: [MetricSeries] = []
  /// Newest first.
  var exemplars: [PrometheusExemplars.Exemplar] = []
}

/// Asks Prometheus.
struct MetricSource: Sendable {
  let url: HTTPURL
  let task: CorrelationTask

  private static let points = 30
  private static let maximumExemplars = 50
  /// Series of a rule's expression beyond these say little.
  private static let maximumRuleSeries = 3

  private enum Answer: Sendable {
    case series([PrometheusSeries])
    case exemplars([PrometheusExemplars])
    case failure(String)
  }

  private struct Plan: Sendable {
    var name: String
    var unit = ""
    var query: String
    var isExemplars = false
  }

  func ask() -> SourceOutcome<MetricPanel> {
    let begin = monotonicNanoseconds()
    let plans = self.plans
    let answers = Parallel.map(plans.count) { send(plans[$0]) }
    var outcome = SourceOutcome(panel: MetricPanel())
    for (plan, answer) in zip(plans, answers) {
      outcome.queries.append(sent(plan))
      switch answer {
      case .failure(let reason): outcome.failures.append((plan.name, reason))
      case .exemplars(let groups):
        outcome.answered = true
        let all = groups.flatMap(\.exemplars).filter { $0.traceID != nil }.sorted { $0.sample.time > $1.sample.time }
        var seen: Set<String> = []
        outcome.panel.exemplars = Array(
          all.filter { seen.insert($0.traceID ?? "").inserted }.prefix(MetricSource.maximumExemplars))
      case .series(let series):
        outcome.answered = true
        outcome.panel.series += self.series(plan, series)
      }
    }
    outcome.elapsed = monotonicNanoseconds() - begin
    return outcome
  }

  private var step: Int64 { max(15_000_000_000, task.window.length / Int64(MetricSource.points)) }

  private var plans: [Plan] {
    var matchers = "\(task.configuration.serviceLabel)=\(QueryText.quoted(task.service))"
    if let operation = task.incident.operation { matchers += ",span_name=\(QueryText.quoted(operation))" }
    // Four collection intervals at least, so that a missed one leaves no gap.
    let range = "\(max(60, 2 * step / 1_000_000_000))s"
    let calls = "traces_spanmetrics_calls_total"
    let all = "sum(rate(\(calls){\(matchers)}[\(range)]))"
    let failed = "sum(rate(\(calls){\(matchers),status_code=\"STATUS_CODE_ERROR\"}[\(range)]))"
    let buckets = "sum by (le) (rate(traces_spanmetrics_latency_bucket{\(matchers)}[\(range)]))"
    var plans = [
      Plan(name: "call_rate", unit: "calls/s", query: all),
      Plan(name: "error_rate", unit: "%", query: "100 * (\(failed) or 0 * \(all)) / \(all)"),
    ]
    for (name, quantile) in [("latency_p50", "0.5"), ("latency_p95", "0.95"), ("latency_p99", "0.99")] {
      plans.append(Plan(name: name, unit: "ms", query: "histogram_quantile(\(quantile), \(buckets)) * 1000"))
    }
    if let expression = task.incident.expression { plans.insert(Plan(name: "rule", query: expression), at: 0) }
    plans.append(
      Plan(name: "exemplars", query: "traces_spanmetrics_latency_bucket{\(matchers)}", isExemplars: true))
    return plans
  }

  private func send(_ plan: Plan) -> Answer {
    do throws(BackendError) {
      let client = try PrometheusClient(
        url: url, options: task.configuration.prometheusHTTP, retry: CorrelateConfiguration.retry)
      task.prepare(client.client)
      if plan.isExemplars {
        return .exemplars(
          try client.queryExemplars(plan.query, start: task.window.start, end: task.window.end))
      }
      return .series(
        try client.queryRange(plan.query, start: task.window.baselineStart, end: task.window.end, step: step))
    } catch {
      return .failure(error.description)
    }
  }

  private func sent(_ plan: Plan) -> SentQuery {
    SentQuery(
      source: "prometheus", name: plan.name,
      path: plan.isExemplars ? "/api/v1/query_exemplars" : "/api/v1/query_range", query: plan.query,
      start: plan.isExemplars ? task.window.start : task.window.baselineStart, end: task.window.end,
      step: plan.isExemplars ? nil : step)
  }

  private func series(_ plan: Plan, _ answer: [PrometheusSeries]) -> [MetricSeries] {
    answer.sorted { $0.samples.count > $1.samples.count }.prefix(
      plan.name == "rule" ? MetricSource.maximumRuleSeries : 1
    )
    .map { series in
      MetricSeries(
        name: plan.name, unit: plan.unit, query: plan.query, labels: series.labels,
        window: series.samples.filter { $0.time >= task.window.start },
        baseline: series.samples.filter { $0.time < task.window.start })
    }
  }
}

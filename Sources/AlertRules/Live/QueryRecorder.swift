public import Backends
public import Platform

/// Writes what TraceQL metrics queries give as samples of Prometheus, so that it can alert on them.
public struct QueryRecorder {
  private let samples: TraceQuerySamples
  private let compiler: RuleCompiler

  public init(samples: TraceQuerySamples, compiler: RuleCompiler) {
    self.samples = samples
    self.compiler = compiler
  }

  /// The series of the rules that are such queries, with a sample for each window that ends from `start` to `end`; where the
  /// two are the same, for the window that ends there.
  public func series(_ set: RuleSet, start: Timestamp, end: Timestamp) throws(BackendError) -> [RemoteWriteSeries] {
    var all: [RemoteWriteSeries] = []
    for rule in set.rules where rule.kind == .traceQL {
      for series in try samples.values(of: rule, start: start, end: end) where !series.samples.isEmpty {
        all.append(record(series, rule))
      }
    }
    return all
  }

  private func record(_ series: TraceQuerySamples.LabelledSeries, _ rule: AlertRule) -> RemoteWriteSeries {
    var labels = [
      RemoteWriteSeries.Label("__name__", RecordedQuery.metric),
      RemoteWriteSeries.Label(RecordedQuery.ruleLabel, rule.title),
    ]
    let context = AlertIdentity.context(of: rule, profile: compiler.profile)
    for label in context + series.labels where !labels.contains(where: { $0.name == label.name }) {
      labels.append(RemoteWriteSeries.Label(label.name, label.value))
    }
    return RemoteWriteSeries(
      labels: labels,
      samples: series.samples.map { RemoteWriteSeries.Sample($0.value, milliseconds: $0.time.milliseconds) })
  }
}

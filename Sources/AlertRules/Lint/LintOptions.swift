import MetricProfiles

/// What is known about how the metrics are made.
public struct LintOptions: Sendable {
  /// Upper bounds of the finite latency buckets in seconds, ascending.
  public let buckets: [Double]
  /// Time between two samples of a series, in milliseconds.
  public let intervalMilliseconds: Int64

  /// What the project asks of its rules.
  public let project: ProjectRules

  /// - Parameters:
  ///   - buckets: Upper bounds in seconds, in any order; infinite ones are left out.
  ///   - intervalMilliseconds: Time between two samples of a series.
  ///   - project: What the project asks of its rules.
  public init(
    buckets: [Double] = MetricProfile.tempoBuckets, intervalMilliseconds: Int64 = 15_000,
    project: ProjectRules = ProjectRules()
  ) {
    self.project = project
    self.buckets = Set(buckets.filter(\.isFinite)).sorted()
    self.intervalMilliseconds = intervalMilliseconds
  }
}

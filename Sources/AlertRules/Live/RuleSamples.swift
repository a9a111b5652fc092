import Backends
public import Platform

/// One series of what a rule compares.
public struct JudgedSeries: Sendable {
  /// In the order of time.
  public let samples: [PrometheusSample]
  /// When the condition holds, where the value alone does not say it: an objective's alert looks at four windows.
  let holding: Set<Timestamp>?

  init(_ samples: [PrometheusSample], holding: Set<Timestamp>? = nil) {
    self.samples = samples
    self.holding = holding
  }

  /// Whether the rule's condition holds at a sample.
  func holds(_ sample: PrometheusSample, _ rule: AlertRule) -> Bool {
    if let holding { holding.contains(sample.time) } else { rule.comparison.holds(sample.value, rule.limit.value) }
  }
}

/// Who knows what a rule's value was at any time.
public protocol RuleSamples {
  /// The values from `start` to `end`, both included, every `step` nanoseconds.
  func series(
    of rule: AlertRule, start: Timestamp, end: Timestamp, step: Int64
  ) throws(BackendError) -> [JudgedSeries]
}

/// Asks a Prometheus for what rules compile to.
public final class PrometheusSamples: RuleSamples {
  let server: RuleServer
  let compiler: RuleCompiler
  /// The last answer: rules that differ only in what they compare with need it again.
  private var last: (key: Question, answer: [PrometheusSeries])?

  private struct Question: Equatable {
    let expression: String
    let start: Timestamp
    let end: Timestamp
    let step: Int64
  }

  /// Asks `server` for metrics with the compiler's names.
  public init(server: RuleServer, compiler: RuleCompiler) {
    self.server = server
    self.compiler = compiler
  }

  public func series(
    of rule: AlertRule, start: Timestamp, end: Timestamp, step: Int64
  ) throws(BackendError) -> [JudgedSeries] {
    let values = try ask(Question(expression: compiler.value(of: rule).text, start: start, end: end, step: step))
    guard rule.kind == .objective else { return values.map { JudgedSeries($0.samples) } }
    let holding = try server.queryRange(compiler.compile(rule).text, start: start, end: end, step: step)
    let times = Set(holding.flatMap { $0.samples.map(\.time) })
    return values.map { JudgedSeries($0.samples, holding: times) }
  }

  private func ask(_ question: Question) throws(BackendError) -> [PrometheusSeries] {
    if let last, last.key == question { return last.answer }
    let answer = try server.queryRange(
      question.expression, start: question.start, end: question.end, step: question.step)
    last = (question, answer)
    return answer
  }
}

/// Asks for each rule whoever knows about its kind.
public struct MixedSamples: RuleSamples {
  private let metrics: (any RuleSamples)?
  private let queries: (any RuleSamples)?

  /// - Parameters:
  ///   - metrics: For rules on the metrics of spans; nil when there is nobody to ask.
  ///   - queries: For TraceQL; nil when only their records can be asked for, among the metrics.
  public init(metrics: (any RuleSamples)?, queries: (any RuleSamples)?) {
    self.metrics = metrics
    self.queries = queries
  }

  public func series(
    of rule: AlertRule, start: Timestamp, end: Timestamp, step: Int64
  ) throws(BackendError) -> [JudgedSeries] {
    guard let source = rule.kind == .traceQL ? queries ?? metrics : metrics else {
      throw .notSupported("\(rule.title) is a \(rule.kind.rawValue), for which a Prometheus must be asked")
    }
    return try source.series(of: rule, start: start, end: end, step: step)
  }
}

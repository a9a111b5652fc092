import Backends
import MetricProfiles
import Platform

/// Compares rules with what a Prometheus holds.
public struct RuleVerifier {
  private let server: RuleServer
  private let compiler: RuleCompiler
  private let now: Timestamp

  private static let otherServiceLabels = ["service_name", "service", "resource_service_name"]

  /// Compares with what was seen in the day before `now`.
  public init(server: RuleServer, compiler: RuleCompiler, now: Timestamp) {
    self.server = server
    self.compiler = compiler
    self.now = now
  }

  /// What keeps the rules of a set from working there. Throws when the server cannot be asked.
  public func verify(_ set: RuleSet) throws(BackendError) -> [Diagnostic] {
    var found: [Diagnostic] = []
    for (index, entry) in set.entries.enumerated() {
      guard let rule = entry.rule, !rule.isSecondAlert else { continue }
      var diagnostics: [Diagnostic] = []
      if let problem = try verify(rule) {
        diagnostics = [problem]
      } else {
        diagnostics = try DataCheck(server: server, compiler: compiler, now: now).check(rule)
      }
      for var diagnostic in diagnostics {
        diagnostic.entry = index
        found.append(diagnostic)
      }
    }
    return found
  }

  /// The first thing that is wrong: what comes after it would only be its consequence.
  private func verify(_ rule: AlertRule) throws(BackendError) -> Diagnostic? {
    do throws(BackendError) {
      _ = try server.query(compiler.compile(rule).text, at: now)
    } catch {
      guard case .query(let message) = error else { throw error }
      return problem(.refusedByServer, "Prometheus refuses the expression: \(message)", rule, rule.places.rulePoint)
    }
    if rule.kind == .traceQL { return try recorded(rule) }
    let label = compiler.profile.serviceLabel
    let metric = rule.readsLatencies ? compiler.profile.latencySeries : compiler.profile.calls
    let services = try server.labelValues(label, matching: metric, now: now)
    if services.isEmpty { return try missingMetric(metric, label, rule) }
    guard services.contains(where: { $0.utf8.elementsEqual(rule.service.utf8) }) else {
      let nearest = NearestName.of(rule.service, in: services)
      return problem(
        .unknownService, "no series of \(metric) has \(label)=\(Quoting.text(rule.service))", rule, rule.places.service,
        suggestion: nearest.map { "did you mean \(Quoting.text($0))?" }, replacement: nearest.map(Quoting.text))
    }
    let service = Label(label, rule.service)
    if let operation = rule.operation {
      let selector = text(metric, [service])
      let operations = try server.labelValues(compiler.profile.operationLabel, matching: selector, now: now)
      guard operations.contains(where: { $0.utf8.elementsEqual(operation.utf8) }) else {
        let nearest = NearestName.of(operation, in: operations)
        return problem(
          .unknownOperation, "\(rule.service) has no operation \(Quoting.text(operation))", rule,
          rule.places.operation, suggestion: nearest.map { "did you mean \(Quoting.text($0))?" },
          replacement: nearest.map(Quoting.text))
      }
    }
    if !rule.scope.isEmpty, let problem = try scope(metric, service, rule) { return problem }
    let countsFailures = rule.kind == .errorRate || rule.kind == .objective && !rule.readsLatencies
    return countsFailures ? try statusCodes(service, rule) : nil
  }

  /// Whether the samples of a query are there.
  private func recorded(_ rule: AlertRule) throws(BackendError) -> Diagnostic? {
    let metric = RecordedQuery.metric
    let names = try server.labelValues(RecordedQuery.ruleLabel, matching: metric, now: now)
    guard !names.contains(where: { $0.utf8.elementsEqual(rule.title.utf8) }) else { return nil }
    return problem(
      .noSeries, "there are no series of \(metric) for \(Quoting.text(rule.title))", rule, rule.places.rulePoint,
      suggestion: "write its samples with --record")
  }

  private func missingMetric(_ metric: String, _ label: String, _ rule: AlertRule) throws(BackendError) -> Diagnostic? {
    let names = try server.labelNames(matching: metric, now: now)
    if names.contains(where: { $0 != "__name__" }) {
      let other = RuleVerifier.otherServiceLabels.first { names.contains($0) }
      return problem(
        .otherConvention, "series of \(metric) have no label \(Quoting.text(label))", rule, rule.places.service,
        suggestion: other.map { "use --service-label \($0)" } ?? "their labels are \(names.joined(separator: ", "))")
    }
    var other: MetricProfile?
    for profile in MetricProfile.all where other == nil && profile != compiler.profile {
      let series = rule.readsLatencies ? profile.latencySeries : profile.calls
      if series != metric, !(try server.labelNames(matching: series, now: now)).isEmpty { other = profile }
    }
    return problem(
      .noSeries, "there are no series of \(metric)", rule, rule.places.rulePoint,
      suggestion: other.map {
        "there are some of \(rule.readsLatencies ? $0.latencySeries : $0.calls): use --generator \($0.name)"
      })
  }

  private func scope(_ metric: String, _ service: Label, _ rule: AlertRule) throws(BackendError) -> Diagnostic? {
    let selector = text(metric, [service] + rule.scope)
    guard try server.labelValues(service.name, matching: selector, now: now).isEmpty else { return nil }
    let labels = rule.scope.map { "\($0.name)=\(Quoting.text($0.value))" }.joined(separator: ", ")
    return problem(
      .unknownScope, "\(rule.service) has no series with \(labels)", rule, rule.places.scope ?? rule.places.rulePoint)
  }

  private func statusCodes(_ service: Label, _ rule: AlertRule) throws(BackendError) -> Diagnostic? {
    let status = Label(compiler.profile.statusLabel, compiler.profile.errorStatus)
    let codes = try server.labelValues(status.name, matching: text(compiler.profile.calls, [service]), now: now)
    if codes.contains(where: { $0.hasPrefix("STATUS_CODE_") }) { return nil }
    let message =
      codes.isEmpty
      ? "the calls of \(rule.service) have no label \(Quoting.text(status.name))"
      : "status codes of \(rule.service) are \(codes.map(Quoting.text).joined(separator: ", ")), "
        + "not \(Quoting.text(status.value)) and the like"
    return problem(
      .otherConvention, message, rule, rule.places.service,
      suggestion: codes.isEmpty ? nil : "the rule would see no error at all")
  }

  private func text(_ metric: String, _ labels: [Label]) -> String {
    PromQLExpression.selector(metric: metric, labels: labels.map(LabelMatcher.init), range: nil).text
  }

  private func problem(
    _ code: DiagnosticCode, _ message: String, _ rule: AlertRule, _ range: Range<Int>, suggestion: String? = nil,
    replacement: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      code, message, source: rule.source, range: range, suggestion: suggestion, replacement: replacement)
  }
}

import Backends
import JSON
import MetricProfiles
import Platform

/// The rules that read span metrics, and who is told.
struct RuleChecks {
  private let server: DoctorServer
  private let found: FoundProfile?

  init(_ server: DoctorServer, _ found: FoundProfile?) {
    self.server = server
    self.found = found
  }

  func findings() -> [DoctorFinding] {
    do throws(BackendError) {
      let answer = try server.client.json("/api/v1/rules")
      let rules = (answer["data"]?["groups"]?.elements ?? []).flatMap { $0["rules"]?.elements ?? [] }
        .filter { readsSpanMetrics($0["query"]?.string ?? "") }
      guard !rules.isEmpty else {
        return [
          .warning(
            "rules.loaded", "no rule reads span metrics",
            "write one with 'ongrid compile-rule --format prometheus' and name its file in rule_files")
        ]
      }
      return [health(of: rules), labels(of: rules), try receivers(for: rules)].compactMap(\.self)
    } catch {
      return [.problem("rules.loaded", error.description, server.remedy(for: error))]
    }
  }

  private func readsSpanMetrics(_ query: String) -> Bool {
    MetricProfile.all.contains { query.contains($0.calls) || query.contains($0.latency + "_") }
  }

  private func names(_ rules: [JSONValue]) -> String {
    let names = rules.prefix(3).map { $0["name"]?.string ?? "?" }.joined(separator: ", ")
    return rules.count > 3 ? "\(names) and \(rules.count - 3) more" : names
  }

  private func health(of rules: [JSONValue]) -> DoctorFinding {
    let broken = rules.filter { $0["health"]?.string == "err" }
    if let first = broken.first {
      return .problem(
        "rules.loaded", "\(names(broken)): \(first["lastError"]?.string ?? "cannot be evaluated")",
        "'ongrid compile-rule --check' and --verify find what is wrong with a rule")
    }
    let firing = rules.count { $0["state"]?.string == "firing" }
    let text = "\(rules.count) rule\(rules.count == 1 ? "" : "s") on span metrics evaluated without error"
    return .ok("rules.loaded", firing > 0 ? "\(text), \(firing) firing" : text)
  }

  /// Rules that select by a label that no series has: they can never fire.
  private func labels(of rules: [JSONValue]) -> DoctorFinding? {
    guard let found, let has = found.serviceLabels.first else { return nil }
    let absent = ["service_name", "service"].filter { !found.labels.contains($0) }
    let deaf = rules.filter { rule in
      let query = rule["query"]?.string ?? ""
      return query.contains(found.profile.calls) || query.contains(found.profile.latency)
        ? absent.contains { label in ["{", ",", " "].contains { query.contains("\($0)\(label)=") } } : false
    }
    guard !deaf.isEmpty else { return .ok("rules.labels", "they select by labels that the metrics have") }
    return .problem(
      "rules.labels", "\(names(deaf)) cannot fire: the metrics hold the service in \(has)",
      "compile them with --service-label \(has)")
  }

  private func receivers(for rules: [JSONValue]) throws(BackendError) -> DoctorFinding? {
    guard rules.contains(where: { $0["type"]?.string == "alerting" }) else { return nil }
    guard let list = try server.client.json("/api/v1/alertmanagers")["data"]?["activeAlertmanagers"]?.elements else {
      return nil
    }
    return list.isEmpty
      ? .warning(
        "rules.receivers", "Prometheus knows no Alertmanager, so nobody is told",
        "name one under alerting.alertmanagers")
      : .ok("rules.receivers", "\(list.count) Alertmanager\(list.count == 1 ? "" : "s") told")
  }
}

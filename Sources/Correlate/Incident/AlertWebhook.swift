import JSON
import Platform

/// Reads what alerting systems send: Alertmanager's and Grafana's webhooks, and PagerDuty's in both of its versions.
enum AlertWebhook {
  /// Nil for what is no such document.
  static func incidents(_ document: JSONValue) -> [Incident]? {
    if let alerts = document["alerts"]?.elements {
      let common = IncidentReader.strings(document["commonLabels"])
      return alerts.filter { $0.members != nil }.map { alert($0, common) }
    }
    if let event = document["event"], event["event_type"] != nil, let data = event["data"] {
      return [page(data, at: event["occurred_at"])]
    }
    if let messages = document["messages"]?.elements {
      return messages.compactMap { message in message["incident"].map { page($0, at: message["created_on"]) } }
    }
    // Grafana before version 8.
    if let matches = document["evalMatches"]?.elements { return [legacy(document, matches)] }
    return nil
  }

  /// An alert of Alertmanager's webhook, or of Grafana's, which has more members.
  private static func alert(_ value: JSONValue, _ common: [String: String]) -> Incident {
    var incident = Incident()
    incident.labels = common.merging(IncidentReader.strings(value["labels"])) { $1 }
    incident.annotations = IncidentReader.strings(value["annotations"])
    incident.id = IncidentReader.text(value["fingerprint"])
    incident.title = incident.annotations["summary"] ?? incident.labels["alertname"]
    incident.ruleKey = incident.labels["rule_key"] ?? incident.labels["alertname"]
    incident.kind = incident.labels["kind"]
    incident.severity = incident.labels["severity"]
    incident.firstFiredAt = IncidentReader.time(value["startsAt"])
    incident.stored.status = IncidentReader.text(value["status"])
    incident.threshold = incident.annotations["threshold"].flatMap { Double($0) }
    incident.value = incident.annotations["value"].flatMap { Double($0) } ?? measured(value["values"])
    incident.expression = IncidentReader.text(value["generatorURL"]).flatMap(expression)
    IncidentReader.complete(&incident)
    return incident
  }

  /// Grafana's values by the letter of their query; what several of them mean, only the rule knows.
  private static func measured(_ values: JSONValue?) -> Double? {
    guard let members = values?.members, members.count == 1 else { return nil }
    return IncidentReader.number(members[0].value)
  }

  /// An incident of PagerDuty. What the alert brought along stands under its details.
  private static func page(_ value: JSONValue, at time: JSONValue?) -> Incident {
    var incident = Incident()
    incident.id = IncidentReader.text(value["id"])
    incident.title = IncidentReader.text(value["title"]) ?? IncidentReader.text(value["summary"])
    incident.severity = IncidentReader.text(value["priority"]?["summary"]) ?? IncidentReader.text(value["urgency"])
    incident.stored.status = IncidentReader.text(value["status"])
    incident.firstFiredAt = IncidentReader.time(value["created_at"]) ?? IncidentReader.time(time)
    let details =
      value["first_trigger_log_entry"]?["channel"]?["details"] ?? value["body"]?["details"]
      ?? value["alerts"]?[0]?["body"]?["details"]
    incident.labels = IncidentReader.strings(details?["labels"] ?? details)
    IncidentReader.complete(&incident)
    // Its own name for the service is the last that is believed.
    incident.service =
      incident.service ?? IncidentReader.text(value["service"]?["summary"])
      ?? IncidentReader.text(value["service"]?["name"])
    return incident
  }

  private static func legacy(_ value: JSONValue, _ matches: [JSONValue]) -> Incident {
    var incident = Incident()
    incident.id = IncidentReader.text(value["ruleId"])
    incident.title = IncidentReader.text(value["title"]) ?? IncidentReader.text(value["ruleName"])
    incident.ruleKey = IncidentReader.text(value["ruleName"])
    incident.stored.status = IncidentReader.text(value["state"])
    incident.labels = IncidentReader.strings(value["tags"])
    incident.labels.merge(IncidentReader.strings(matches.first?["tags"])) { $1 }
    incident.value = IncidentReader.number(matches.first?["value"])
    IncidentReader.complete(&incident)
    return incident
  }

  /// The expression in the link to Prometheus that its alerts carry: `/graph?g0.expr=…`.
  private static func expression(_ url: String) -> String? {
    guard let question = url.firstIndex(of: "?") else { return nil }
    for parameter in url[url.index(after: question)...].split(separator: "&") where parameter.hasPrefix("g0.expr=") {
      return PercentDecoding.form(parameter.dropFirst("g0.expr=".count))
    }
    return nil
  }
}

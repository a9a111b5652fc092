import JSON
public import Platform

/// Why an input holds no incident.
public struct IncidentError: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String
}

/// Reads incidents: an object or an array of them, one after another, an Alertmanager webhook, or what compile-rule
/// prints as JSON.
public enum IncidentReader {
  /// More than this in one call is a mistake.
  public static let maximumIncidents = 1000

  /// All incidents of a text, in order; at least one. Values that are of another type than expected are left out, but
  /// an entry that is no object is an error.
  public static func read(_ text: ByteView) throws(IncidentError) -> [Incident] {
    var documents: [JSONValue] = []
    do throws(JSONError) {
      var tokenizer = JSONTokenizer(text, depthLimit: JSONDocument.depthLimit, manyDocuments: true)
      while true {
        let token = try tokenizer.next()
        if token.kind == .end { break }
        documents.append(try JSONDocument.read(token, &tokenizer))
      }
    } catch {
      let place = LineColumn(of: error.offset, in: text)
      throw IncidentError(description: "line \(place.line), column \(place.column): \(error.message)")
    }
    var incidents: [Incident] = []
    for document in documents {
      for entry in document.elements ?? [document] {
        guard entry.members != nil else {
          throw IncidentError(description: "an incident must be an object, not \(entry.kindName)")
        }
        if let alerts = entry["alerts"]?.elements {
          let common = strings(entry["commonLabels"])
          incidents += alerts.filter { $0.members != nil }.map { alert($0, common) }
        } else {
          incidents.append(incident(entry))
        }
      }
    }
    guard !incidents.isEmpty else { throw IncidentError(description: "there is no incident in the input") }
    guard incidents.count <= maximumIncidents else {
      throw IncidentError(description: "more than \(maximumIncidents) incidents in one call")
    }
    return incidents
  }

  private static func incident(_ value: JSONValue) -> Incident {
    var incident = Incident()
    incident.id = text(value["id"])
    incident.title = text(value["title"]) ?? text(value["name"])
    incident.ruleKey = text(value["rule_key"]) ?? text(value["key"])
    incident.kind = text(value["kind"])
    incident.severity = text(value["severity"])
    incident.firstFiredAt = time(value["first_fired_at"])
    incident.labels = strings(value["labels"])
    incident.annotations = strings(value["annotations"])
    incident.value = number(value["value"])
    incident.threshold = number(value["threshold"])
    incident.expression = text(value["expression"])
    if let conditions = conditions(value["conditions_json"]) {
      incident.conditions = conditions
      incident.service = text(conditions["service"])
      incident.operation = text(conditions["operation"])
      incident.threshold =
        incident.threshold ?? number(conditions["threshold_ms"]) ?? number(conditions["threshold_pct"])
    }
    incident.service = text(value["service"]) ?? incident.service
    incident.operation = text(value["operation"]) ?? incident.operation
    complete(&incident)
    return incident
  }

  /// An alert of Alertmanager's webhook.
  private static func alert(_ value: JSONValue, _ common: [String: String]) -> Incident {
    var incident = Incident()
    incident.labels = common.merging(strings(value["labels"])) { $1 }
    incident.annotations = strings(value["annotations"])
    incident.id = text(value["fingerprint"])
    incident.title = incident.annotations["summary"] ?? incident.labels["alertname"]
    incident.ruleKey = incident.labels["rule_key"] ?? incident.labels["alertname"]
    incident.kind = incident.labels["kind"]
    incident.severity = incident.labels["severity"]
    incident.firstFiredAt = time(value["startsAt"])
    incident.threshold = incident.annotations["threshold"].flatMap { Double($0) }
    incident.value = incident.annotations["value"].flatMap { Double($0) }
    incident.expression = text(value["generatorURL"]).flatMap(expression)
    complete(&incident)
    return incident
  }

  /// Takes from the labels what is not said elsewhere.
  private static func complete(_ incident: inout Incident) {
    let labels = incident.labels
    let label = { (names: [String]) in names.lazy.compactMap { labels[$0] }.first { !$0.isEmpty } }
    incident.service = incident.service ?? label(["service_name", "service", "service.name"])
    incident.operation = incident.operation ?? label(["span_name", "operation"])
    incident.instance = incident.instance ?? label(["device_id", "device", "instance", "host"])
    incident.severity = incident.severity ?? label(["severity"])
    incident.title = incident.title ?? label(["alertname"])
  }

  /// The expression in the link to Prometheus that its alerts carry: `/graph?g0.expr=…`.
  private static func expression(_ url: String) -> String? {
    guard let question = url.firstIndex(of: "?") else { return nil }
    for parameter in url[url.index(after: question)...].split(separator: "&") where parameter.hasPrefix("g0.expr=") {
      return PercentDecoding.form(parameter.dropFirst("g0.expr=".count))
    }
    return nil
  }

  /// An object, or a string that holds one.
  private static func conditions(_ value: JSONValue?) -> JSONValue? {
    if let text = value?.string { return (try? JSONDocument.parse(text)).flatMap { $0.members == nil ? nil : $0 } }
    return value?.members == nil ? nil : value
  }

  private static func text(_ value: JSONValue?) -> String? {
    guard let text = value?.string ?? value?.numberText, !text.isEmpty else { return nil }
    return text
  }

  private static func number(_ value: JSONValue?) -> Double? {
    (value?.double ?? value?.string.flatMap { Double($0) }).flatMap { $0.isFinite ? $0 : nil }
  }

  private static func time(_ value: JSONValue?) -> Timestamp? {
    text(value).flatMap { Timestamp($0) }.flatMap { $0.nanoseconds > 0 ? $0 : nil }
  }

  private static func strings(_ value: JSONValue?) -> [String: String] {
    var result: [String: String] = [:]
    for member in value?.members ?? [] { result[member.key] = text(member.value) }
    return result
  }
}

import JSON
public import Platform

/// Why an input holds no incident.
public struct IncidentError: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String
}

/// Reads incidents: an object or an array of them, one after another, a webhook of Alertmanager, Grafana or PagerDuty, or
/// what compile-rule and correlate print as JSON.
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
        incidents += AlertWebhook.incidents(entry) ?? own(entry) ?? [incident(entry)]
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
    incident.ruleKey = text(value["rule_key"]) ?? text(value["rule"]) ?? text(value["key"])
    incident.kind = text(value["kind"])
    incident.severity = text(value["severity"])
    incident.firstFiredAt = time(value["first_fired_at"])
    incident.labels = strings(value["labels"] ?? object(value["labels_json"]))
    incident.annotations = strings(value["annotations"] ?? object(value["annotations_json"]))
    incident.stored.ruleName = text(value["rule_name"])
    incident.stored.status = text(value["status"])
    incident.stored.scopeType = text(value["scope_type"])
    incident.stored.deviceID = text(value["device_id"]).flatMap { UInt64($0) }
    incident.stored.lastFiredAt = time(value["last_fired_at"])
    incident.stored.eventCount = text(value["event_count"]).flatMap { UInt64($0) }
    incident.instance = text(value["instance"])
    incident.value = number(value["value"])
    incident.threshold = number(value["threshold"])
    incident.expression = text(value["expression"])
    if let conditions = object(value["conditions_json"]) {
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

  /// The incidents of a document that correlate printed; nil for anything else.
  private static func own(_ value: JSONValue) -> [Incident]? {
    if value["version"] != nil, let inner = value["incident"], inner.members != nil { return [incident(inner)] }
    guard value["success_count"] != nil, let results = value["results"]?.elements else { return nil }
    return results.compactMap { $0["bundle"]?["incident"] }.filter { $0.members != nil }.map(incident)
  }

  /// Takes from the labels what is not said elsewhere.
  static func complete(_ incident: inout Incident) {
    let labels = incident.labels
    let label = { (names: [String]) in names.lazy.compactMap { labels[$0] }.first { !$0.isEmpty } }
    incident.service = incident.service ?? label(["service_name", "service", "service.name"])
    incident.operation = incident.operation ?? label(["span_name", "operation"])
    incident.instance = incident.instance ?? label(["device_id", "device", "instance", "host"])
    incident.stored.deviceID = incident.stored.deviceID ?? label(["device_id", "edge_id"]).flatMap { UInt64($0) }
    incident.severity = incident.severity ?? label(["severity"])
    incident.title = incident.title ?? label(["alertname"])
  }

  /// An object, or a string that holds one.
  private static func object(_ value: JSONValue?) -> JSONValue? {
    if let text = value?.string { return (try? JSONDocument.parse(text)).flatMap { $0.members == nil ? nil : $0 } }
    return value?.members == nil ? nil : value
  }

  static func text(_ value: JSONValue?) -> String? {
    guard let text = value?.string ?? value?.numberText, !text.isEmpty else { return nil }
    return text
  }

  static func number(_ value: JSONValue?) -> Double? {
    (value?.double ?? value?.string.flatMap { Double($0) }).flatMap { $0.isFinite ? $0 : nil }
  }

  static func time(_ value: JSONValue?) -> Timestamp? {
    text(value).flatMap { Timestamp($0) }.flatMap { $0.nanoseconds > 0 ? $0 : nil }
  }

  static func strings(_ value: JSONValue?) -> [String: String] {
    var result: [String: String] = [:]
    for member in value?.members ?? [] { result[member.key] = text(member.value) }
    return result
  }
}

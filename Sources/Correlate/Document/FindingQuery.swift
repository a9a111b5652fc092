import JSON
import Platform
import Transport

/// The query that shows a finding, and where to look at it.
struct FindingQuery {
  /// `prometheus`, `loki` or `tempo`; for files the query is for `ongrid traceql`.
  let source: String
  let query: String

  init(_ finding: PlaceFinding, _ evidence: Evidence) {
    let service = QueryText.quoted(finding.service)
    let spans = "{ resource.service.name = \(service) }"
    let asked = Set(evidence.queries.map(\.source))
    let traces = asked.contains("files") ? "files" : "tempo"
    switch finding.kind {
    case .time: (source, query) = (traces, spans + " | quantile_over_time(duration, .5, .95) by (name)")
    case .calls: (source, query) = (traces, spans + " | rate() by (name)")
    case .errors:
      (source, query) = (traces, "{ resource.service.name = \(service) && status = error } | rate() by (name)")
    case .logs: (source, query) = ("loki", "{service_name=\(service)}")
    case .resources:
      source = "prometheus"
      query = FindingQuery.resources(finding, evidence)
    }
  }

  /// Words of a finding and the name of the queries that it came from.
  private static let resourceWords = [
    ("restarts", "restarts"), ("kills", "oom_kills"), ("throttled", "throttling"), ("processor", "processor"),
    ("memory", "memory"),
  ]

  /// Several queries have one name where exporters name a metric differently; of these, one has an answer.
  private static func resources(_ finding: PlaceFinding, _ evidence: Evidence) -> String {
    let words = finding.text.dropFirst(finding.service.count)
    guard let name = resourceWords.first(where: { words.contains($0.0) })?.1 else { return "" }
    let sent = evidence.queries.filter { $0.source == "prometheus" && $0.name == name }.map(\.query)
    return sent.count == 1 ? sent[0] : sent.map { "(\($0))" }.joined(separator: " or ")
  }
}

extension FindingQuery {
  /// Where the finding can be looked at; nil without a Grafana.
  func url(_ evidence: Evidence) -> String? {
    evidence.explore?.url(source, query, from: evidence.window.baselineStart, to: evidence.window.end)
  }

  /// The same of a query that was sent.
  static func url(_ query: SentQuery, _ evidence: Evidence) -> String? {
    evidence.explore?.url(
      query.source, query.query, from: query.start ?? evidence.window.start, to: query.end ?? evidence.window.end)
  }
}

/// Links to Grafana's Explore.
struct ExploreLink: Sendable {
  private let base: HTTPURL
  /// Data sources by kind: their uid or name.
  private let sources: [String: String]

  /// - Parameter url: of Grafana. Data sources that have other uids than `tempo`, `loki` and `prometheus` stand in its
  ///   query: `https://grafana.example.com?tempo=P214B5B846CF3925F`.
  init(_ url: HTTPURL) {
    var base = url
    base.query = ""
    self.base = base
    var sources = ["tempo": "tempo", "loki": "loki", "prometheus": "prometheus"]
    for parameter in url.query.split(separator: "&") {
      let parts = parameter.split(separator: "=", maxSplits: 1).map { PercentDecoding.form($0) }
      if parts.count == 2, sources[parts[0]] != nil { sources[parts[0]] = parts[1] }
    }
    self.sources = sources
  }

  /// Nil for a source that Grafana has not.
  func url(_ source: String, _ query: String, from start: Timestamp, to end: Timestamp) -> String? {
    guard let uid = sources[source], !query.isEmpty else { return nil }
    let quoted = { (text: String) in
      var bytes: [UInt8] = []
      JSONWriter.appendQuoted(text, to: &bytes)
      return String(decoding: bytes, as: UTF8.self)
    }
    let field = source == "tempo" ? "\"queryType\":\"traceql\",\"query\"" : "\"expr\""
    let range =
      "{\"from\":\"\(start.nanoseconds / Nanoseconds.perMillisecond)\",\"to\":\"\(end.nanoseconds / Nanoseconds.perMillisecond)\"}"
    let panes =
      "{\"a\":{\"datasource\":\(quoted(uid)),\"queries\":[{\"refId\":\"A\",\"datasource\":{\"type\":\"\(source)\",\"uid\":"
      + "\(quoted(uid))},\(field):\(quoted(query))}],\"range\":\(range)}}"
    return base.appending(path: "/explore").appending(query: [("schemaVersion", "1"), ("panes", panes), ("orgId", "1")])
      .absolute
  }
}

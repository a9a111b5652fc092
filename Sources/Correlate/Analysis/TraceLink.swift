import Traces

/// A trace that more than one panel knows.
struct TraceLink: Sendable {
  var traceID: String
  /// Positions in the log panel's lines.
  var logLines: [Int] = []
  /// Positions among the metric panel's exemplars.
  var exemplars: [Int] = []
  /// Where the trace panel has it: `errors`, `slowest`, `traces`.
  var lists: [String] = []
  /// The span that the log line names, or else the one in which the trouble begins, when the trace is known.
  var span: String?

  private static let maximum = 50

  /// All links, those with most evidence first.
  static func find(_ evidence: Evidence) -> [TraceLink] {
    var links: [String: TraceLink] = [:]
    for (index, line) in (evidence.logs?.lines ?? []).enumerated() {
      for id in Set([line.traceID].compactMap(\.self) + line.otherTraceIDs) {
        links[id, default: TraceLink(traceID: id)].logLines.append(index)
      }
    }
    for (index, exemplar) in (evidence.metrics?.exemplars ?? []).enumerated() {
      guard let id = exemplar.traceID else { continue }
      links[id, default: TraceLink(traceID: id)].exemplars.append(index)
    }
    let panel = evidence.traces
    let note = { (name: String, ids: [String]) in
      for id in ids { links[id, default: TraceLink(traceID: id)].lists.append(name) }
    }
    note("errors", (panel?.errors ?? []).prefix(TracePanel.shownRows).map(\.id))
    note("slowest", (panel?.slowest ?? []).prefix(TracePanel.shownRows).map(\.id))
    note("traces", (panel?.traces ?? []).map(\.id))
    var known: [String: Trace] = [:]
    for trace in (panel?.sample.bad ?? []) + (panel?.sample.rest ?? []) + (panel?.traces ?? []) {
      known[trace.id] = trace
    }
    let several = links.values.filter(\.isInSeveralPanels).sorted { first, second in
      first.weight == second.weight ? first.traceID < second.traceID : first.weight > second.weight
    }
    return several.prefix(maximum).map { link in
      var link = link
      if let trace = known[link.traceID] { link.span = span(of: link, trace, evidence) }
      return link
    }
  }

  private var weight: Int { logLines.count + exemplars.count + lists.count }

  private var isInSeveralPanels: Bool {
    [!logLines.isEmpty, !exemplars.isEmpty, !lists.isEmpty].filter { $0 }.count > 1
  }

  private static func span(of link: TraceLink, _ trace: Trace, _ evidence: Evidence) -> String? {
    let logged = link.logLines.lazy.compactMap { evidence.logs?.lines[$0].spanID }.first
    let index =
      trace.spans.firstIndex { $0.idText == logged } ?? trace.failureOrigin(of: evidence.service)
      ?? trace.slowestEntry(of: evidence.service)
    return index.map { "\(trace.spans[$0].service) \(trace.spans[$0].name)" }
  }
}

import JSON
import OTLP
import Platform
import TraceFormats

/// `ongrid traceql --info`: what files hold.
enum InputInfo {
  /// What was counted.
  private struct Content {
    var traces: Set<[UInt8]> = []
    var spans = 0
    var services: [String: Int] = [:]
    /// Unix ns.
    var start = UInt64.max
    var end: UInt64 = 0

    mutating func add(_ request: RequestView) throws(WireError) {
      try request.resourceSpans.forEach { (resource) throws(WireError) in
        var service = ""
        try resource.resource.attributes.forEach { (attribute) throws(WireError) in
          if attribute.key.equals("service.name"), case .string(let text) = try attribute.value {
            service = String(text)
          }
        }
        var count = 0
        try resource.scopeSpans.forEach { (scope) throws(WireError) in
          try scope.spans.forEach { (span) throws(WireError) in
            count += 1
            traces.insert([UInt8](span.traceID))
            if span.startTimeUnixNano > 0 { start = min(start, span.startTimeUnixNano) }
            end = max(end, span.endTimeUnixNano, span.startTimeUnixNano)
          }
        }
        spans += count
        if count > 0 { services[service, default: 0] += count }
      }
    }
  }

  static func run(_ arguments: Arguments, _ request: TraceQLRequest, _ log: Log) throws(CommandError) -> ExitStatus {
    var options = try InputOptions.options(arguments)
    options.skipsBad = true
    options.progress = try InputProgress.callback(arguments)
    var content = Content()
    let input: TraceInput
    var decoder = TraceDecoder(skipsBad: true)
    do throws(InputError) {
      input = try TraceInput(request.files, options: options)
      while let chunk = try input.next() {
        try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in try content.add(request) }
      }
    } catch { throw .usage(error.description) }
    let findings = input.findings.summary
    var problems = [findings.firstSkipped, decoder.firstSkipped, findings.firstNotUnderstood].compactMap(\.self)
      .map(\.description)
    if let text = findings.madeIDsText { problems.append(text) }
    if let text = input.leftOutText { problems.append(text) }
    let bad = decoder.skipped + findings.skipped
    var output = StandardOutput()
    if request.format == .table {
      try output.write(table(content, findings, bad: bad, problems))
    } else {
      try output.write(json(content, findings, bad: bad, problems))
    }
    try output.flush()
    return bad > 0 || findings.notUnderstood > 0 ? .partial : .done
  }

  private static func json(
    _ content: Content, _ findings: InputFindings.Summary, bad: Int, _ problems: [String]
  ) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("formats")
    json.beginObject()
    for (name, count) in findings.formats.sorted(by: { $0.key < $1.key }) {
      json.key(name)
      json.int(count)
    }
    json.endObject()
    for (key, value) in [("traces", content.traces.count), ("spans", content.spans)] {
      json.key(key)
      json.int(value)
    }
    json.key("services")
    json.beginObject()
    for (name, count) in content.services.sorted(by: { $0.key < $1.key }) {
      json.key(name)
      json.int(count)
    }
    json.endObject()
    for (key, time) in [("start", content.start == .max ? 0 : content.start), ("end", content.end)] {
      json.key(key)
      if time == 0 { json.null() } else { json.string(Timestamp(nanoseconds: Int64(clamping: time)).rfc3339) }
    }
    json.key("other_signals")
    json.beginObject()
    for signal in OTLPSignal.allCases {
      guard let count = findings.otherSignals[signal] else { continue }
      json.key(signal == .logs ? "log_records" : "metrics")
      json.int(count)
    }
    json.endObject()
    json.key("bad_records")
    json.int(bad)
    json.key("not_understood")
    json.int(findings.notUnderstood)
    json.key("problems")
    json.beginArray()
    for problem in problems { json.string(problem) }
    json.endArray()
    json.endObject()
    json.newline()
    return json.bytes
  }

  private static func table(
    _ content: Content, _ findings: InputFindings.Summary, bad: Int, _ problems: [String]
  ) -> String {
    func list(_ counts: [String: Int]) -> String {
      counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        .map { "\($0.key.isEmpty ? "(no name)" : StandardErrorLog.oneLine($0.key)) \($0.value)" }.joined(
          separator: ", ")
    }
    func time(_ time: UInt64) -> String {
      time == 0 || time == .max ? "-" : Timestamp(nanoseconds: Int64(clamping: time)).rfc3339
    }
    var lines = [
      "formats    " + (findings.formats.isEmpty ? "-" : list(findings.formats)),
      "traces     \(content.traces.count)", "spans      \(content.spans)",
      "services   " + (content.services.isEmpty ? "-" : list(content.services)),
      "from       \(time(content.start))", "to         \(time(content.end))",
    ]
    if let text = findings.otherSignalsText { lines.append("also       \(text)") }
    if bad > 0 { lines.append("bad        \(bad) records") }
    for problem in problems { lines.append("problem    \(StandardErrorLog.oneLine(problem))") }
    return lines.joined(separator: "\n") + "\n"
  }
}

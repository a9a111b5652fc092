import JSON

/// Makes a document fit, cutting the noisiest parts first and counting what is cut.
///
/// Steps go from what repeats itself (old log lines, points of the baseline) to what the document is for (suspects,
/// queries); each cuts no more than is needed. What is left is always a whole document with all its keys.
struct DocumentTrimmer {
  let maximumBytes: Int

  /// Kept free for the counts in `truncated`.
  private static let reserve = 220

  /// A list, or every list of a kind, and how short it may become in this step.
  private struct Step {
    var path: [String]
    var floor: Int
    /// Which end goes: points lose their oldest, lists ordered by importance their last.
    var dropsFirst = false

    init(_ path: String, _ floor: Int, dropsFirst: Bool = false) {
      self.path = path.split(separator: ".").map(String.init)
      self.floor = floor
      self.dropsFirst = dropsFirst
    }
  }

  private static let steps = [
    Step("log_panel.lines", 40), Step("metric_panel.series.baseline_points", 0, dropsFirst: true),
    Step("log_panel.levels.points", 0, dropsFirst: true), Step("trace_panel.traces", 2),
    Step("metric_panel.exemplars", 10),
    Step("links", 10), Step("trace_panel.slowest", 8), Step("trace_panel.errors", 8), Step("log_panel.lines", 15),
    Step("metric_panel.series.points", 20, dropsFirst: true), Step("trace_panel.traces.spans", 40),
    Step("trace_panel.traces", 1), Step("metric_panel.series.points", 0, dropsFirst: true), Step("log_panel.lines", 5),
    Step("metric_panel.exemplars", 2), Step("links", 3), Step("trace_panel.traces.spans", 8), Step("timeline", 5),
    Step("trace_panel.slowest", 3), Step("trace_panel.errors", 3), Step("graph", 10), Step("suspects", 3),
    Step("log_panel.levels", 3), Step("graph", 3), Step("totals.rows", 4),
    Step("log_panel.lines", 0), Step("metric_panel.exemplars", 0), Step("trace_panel.traces", 0), Step("links", 0),
    Step("trace_panel.slowest", 0), Step("trace_panel.errors", 0), Step("log_panel.levels", 0), Step("timeline", 0),
    Step("incident.annotations", 0), Step("incident.labels", 0), Step("queries", 0), Step("metric_panel.series", 0),
    Step("graph", 0),
    Step("totals.rows", 1), Step("suspects.findings", 1),
    Step("suspects", 1), Step("suspects", 0), Step("totals.rows", 0), Step("skipped", 3),
  ]

  /// The document as compact JSON with a line feed.
  func bytes(_ document: JSONValue) -> [UInt8] {
    var document = document
    let text = DocumentTrimmer.text(document)
    if text.count <= maximumBytes { return text }
    var counts: [String: Int] = [:]
    for member in document["truncated"]?.members ?? [] { counts[member.key] = member.value.int64.map { Int($0) } }
    let target = maximumBytes - DocumentTrimmer.reserve
    // Long texts are shortened before anything is dropped for their sake, and again when nothing else is left.
    for (index, step) in DocumentTrimmer.steps.enumerated() {
      if index == 8 { document = DocumentTrimmer.shortened(document, to: 400) }
      if index == 20 { document = DocumentTrimmer.shortened(document, to: 120) }
      let excess = DocumentTrimmer.size(document) + 1 - target
      if excess <= 0 { break }
      var need = excess
      let dropped = DocumentTrimmer.drop(step, step.path[...], in: &document, need: &need)
      if dropped > 0 { counts[step.path[0], default: 0] += dropped }
    }
    removeDanglingLinks(&document)
    var limit = 60
    document.modify("truncated") { $0 = .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) }) }
    // Only the incident's own words can still be too long.
    while DocumentTrimmer.size(document) + 1 > maximumBytes, limit > 0 {
      document = DocumentTrimmer.shortened(document, to: limit)
      limit /= 2
    }
    return DocumentTrimmer.text(document)
  }

  /// Drops elements of the lists at `path` until `need` bytes are gone; returns how many.
  private static func drop(_ step: Step, _ path: ArraySlice<String>, in value: inout JSONValue, need: inout Int) -> Int
  {
    guard let key = path.first else { return shorten(&value, step, need: &need) }
    var dropped = 0
    if var elements = value.elements {
      // A list on the way: its elements each have the rest of the path. The last matter least.
      for index in elements.indices.reversed() where need > 0 {
        dropped += drop(step, path, in: &elements[index], need: &need)
      }
      value = JSONValue(.array(elements))
    } else {
      value.modify(key) { dropped += drop(step, path.dropFirst(), in: &$0, need: &need) }
    }
    return dropped
  }

  private static func shorten(_ list: inout JSONValue, _ step: Step, need: inout Int) -> Int {
    var dropped = 0
    if var elements = list.elements {
      if step.dropsFirst { elements.reverse() }
      while elements.count > step.floor, need > 0, let last = elements.popLast() {
        need -= size(last) + 1
        dropped += 1
      }
      if step.dropsFirst { elements.reverse() }
      list = JSONValue(.array(elements))
    } else if var members = list.members {
      while members.count > step.floor, need > 0, let last = members.popLast() {
        need -= size(last.value) + last.key.utf8.count + 4
        dropped += 1
      }
      list = JSONValue(.object(members))
    }
    return dropped
  }

  /// Positions of lines and exemplars that are gone are taken out of the links.
  private func removeDanglingLinks(_ document: inout JSONValue) {
    let lines = document["log_panel"]?["lines"]?.elements?.count ?? 0
    let exemplars = document["metric_panel"]?["exemplars"]?.elements?.count ?? 0
    document.modify("links") { links in
      links = .array(
        (links.elements ?? []).map { link in
          var link = link
          for (key, count) in [("log_lines", lines), ("exemplars", exemplars)] {
            link.modify(key) { $0 = .array(($0.elements ?? []).filter { $0.int64 ?? 0 < count }) }
          }
          return link
        })
    }
  }

  /// The value with all its strings cut to `limit` characters; ids and times are shorter.
  private static func shortened(_ value: JSONValue, to limit: Int) -> JSONValue {
    switch value.content {
    case .string(let text):
      text.count <= limit ? value : .text(text.prefix(limit) + "…")
    case .array(let elements): .array(elements.map { shortened($0, to: limit) })
    case .object(let members):
      JSONValue(
        .object(
          members.map { member in
            // A query must stay one that can be run.
            let isWhole = [
              "query", "trace_id", "span_id", "time", "start", "end", "first_fired_at", "kind", "url",
            ].contains(
              member.key)
            return JSONMember(member.key, isWhole ? member.value : shortened(member.value, to: limit))
          }))
    case .number, .bool, .null: value
    }
  }

  private static func text(_ value: JSONValue) -> [UInt8] {
    var writer = JSONWriter()
    writer.value(value)
    writer.newline()
    return writer.bytes
  }

  private static func size(_ value: JSONValue) -> Int {
    var writer = JSONWriter()
    writer.value(value)
    return writer.bytes.count
  }
}

extension JSONValue {
  /// Changes the member called `key`, if there is one.
  mutating func modify(_ key: String, _ body: (inout JSONValue) -> Void) {
    guard case .object(var members) = content, let index = members.firstIndex(where: { $0.key == key }) else { return }
    content = .null
    body(&members[index].value)
    content = .object(members)
  }
}

import Correlate
import Platform
import Traces

/// A trace as lines for a model, in as much detail as its bytes allow: every failure and the critical path are always
/// there, if need be as counts.
///
/// Names come from outside. They stand in quotes with everything escaped that could end the quotes or the line, so that
/// none can look like another line, another number or a mark.
struct TraceText {
  let trace: Trace
  let budget: Int

  /// At most `budget` bytes, unless that is less than the two lines at its head.
  var text: String {
    let head = self.head
    let room = budget - head.utf8.count
    for detail in TraceOutline.Detail.allCases.dropLast() {
      // No row takes less.
      if detail == .everything, trace.spans.count * 20 > room { continue }
      let rows = TraceOutline(trace, detail).rows.map(line)
      if rows.reduce(0, { $0 + $1.utf8.count + 1 }) <= room { return ([head] + rows).joined(separator: "\n") + "\n" }
    }
    return head + "\n" + places(room)
  }

  private var head: String {
    let errors = trace.spans.count(where: \.isError)
    let services = Set(trace.spans.map(\.service)).count
    return "trace \(trace.id), \(Timestamp(nanoseconds: trace.start).rfc3339), \(TraceText.duration(trace.duration)), "
      + "\(trace.spans.count) spans, \(services) services, \(errors) failed\n"
      + "row: start after the trace's, duration, service \"name\" [span id]; ! failed; * the trace waited for it itself; "
      + "xN alike"
  }

  private func line(_ row: TraceOutline.Row) -> String {
    let indent = String(repeating: " ", count: min(row.depth, 30)) + (row.depth > 30 ? "(depth \(row.depth)) " : "")
    if row.isFold {
      let failed = row.errors > 0 ? ", \(row.errors) failed" : ""
      return "\(indent)… \(row.count) spans folded, longest \(TraceText.duration(row.longest))\(failed)"
    }
    let span = trace.spans[row.span]
    var text = indent + "+\(TraceText.duration(span.start - trace.start)) \(TraceText.duration(row.longest)) "
    text += "\(TraceText.word(span.service)) \(TraceText.quoted(span.name)) [\(span.idText)]"
    if row.count > 1 { text += " x\(row.count)" }
    if row.critical > 0 { text += " *\(TraceText.duration(row.critical))" }
    if row.errors > 0 { text += row.errors < row.count ? " !\(row.errors)" : " !" }
    if span.isError, !span.message.isEmpty { text += " " + TraceText.quoted(span.message) }
    return text
  }

  /// What fits of the places; how many are left out is counted.
  private func places(_ room: Int) -> String {
    let rows = TraceOutline(trace, .places).rows
    let note = { (kinds: Int, errors: Int) in "… \(kinds) more kinds of spans, \(errors) failed\n" }
    // Half of the room is for failures; the rest, and what they leave, for the critical path.
    let reserve = note(trace.spans.count, trace.spans.count).utf8.count + 80
    var left = max(0, room - reserve)
    var text = ""
    var shown = Set<Int>()
    func take(_ wanted: (TraceOutline.Row) -> Bool, upTo limit: Int) {
      var limit = limit
      for (index, row) in rows.enumerated() where !row.isFold && wanted(row) && !shown.contains(index) {
        let line = line(row) + "\n"
        guard line.utf8.count <= min(limit, left) else { continue }
        text += line
        limit -= line.utf8.count
        left -= line.utf8.count
        shown.insert(index)
      }
    }
    take({ $0.errors > 0 }, upTo: left / 2)
    take({ $0.critical > 0 }, upTo: left)
    take({ $0.errors > 0 }, upTo: left)
    let rest = rows.indices.filter { !rows[$0].isFold && !shown.contains($0) }.map { rows[$0] }
    if !rest.isEmpty { text += note(rest.count, rest.reduce(0) { $0 + $1.errors }) }
    if let fold = rows.last, fold.isFold { text += line(fold) + "\n" }
    return text
  }

  // MARK: Words

  static func duration(_ nanoseconds: Int64) -> String {
    Milliseconds.text(Nanoseconds.milliseconds(nanoseconds)).replacing(" ", with: "")
  }

  private static let longest = 100

  /// A text in quotes, on one line, cut where it is long.
  static func quoted(_ text: String, limit: Int = longest) -> String {
    var escaped = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(limit) {
      if scalar == "\\" || scalar == "\"" { escaped.append("\\") }
      escaped.append(scalar)
    }
    let isCut = text.unicodeScalars.dropFirst(limit).first != nil
    return "\"\(StandardErrorLog.oneLine(String(escaped)))\(isCut ? "…" : "")\""
  }

  /// A name without quotes where it is plain, and in quotes otherwise.
  static func word(_ name: String) -> String {
    let isPlain =
      !name.isEmpty && name.utf8.count <= longest
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
          UInt8(ascii: "/"):
          true
        default: false
        }
      }
    return isPlain ? name : quoted(name)
  }
}

import JSON
import Platform
import Traces

/// A trace with what matters in it: spans that failed, took longer than usual or were waited for. What is as always is
/// counted.
struct FoldedTrace {
  let outline: TraceOutline
  let usual: UsualTimes

  /// Rows beyond say nothing new.
  private static let maximumRows = 60
  private static let maximumAttributes = 10

  init(_ trace: Trace, _ usual: UsualTimes) {
    self.usual = usual
    let telling = TraceOutline(trace, .telling)
    outline = telling.rows.count > FoldedTrace.maximumRows ? TraceOutline(trace, .merged) : telling
  }

  private var trace: Trace { outline.trace }

  var value: JSONValue {
    .object([
      ("trace_id", .text(trace.id)), ("start", .time(Timestamp(nanoseconds: trace.start))),
      ("duration_ms", NumberText.json(Nanoseconds.milliseconds(trace.duration))),
      ("span_count", .int(trace.spans.count)),
      ("spans", .array(outline.rows.map(row))),
    ])
  }

  private func row(_ row: TraceOutline.Row) -> JSONValue {
    let longest = NumberText.json(Nanoseconds.milliseconds(row.longest))
    if row.isFold {
      return .object([
        ("folded", .int(row.count)), ("depth", .int(row.depth)), ("longest_ms", longest), ("errors", .int(row.errors)),
      ])
    }
    let span = trace.spans[row.span]
    let isChanged = usual.isChanged(span)
    var members: [(String, JSONValue)] = [
      ("span_id", .text(span.idText)), ("parent_id", .optional(span.parentText)), ("depth", .int(row.depth)),
      ("service", .text(span.service)), ("name", .text(span.name)),
      ("kind", .text(EvidenceDocument.kindName(span.kind))),
      ("offset_ms", NumberText.json(Nanoseconds.milliseconds(span.start - trace.start))), ("duration_ms", longest),
      ("usual_ms", NumberText.json(usual.median(of: span).map { Nanoseconds.milliseconds($0) })),
      ("changed", JSONValue(.bool(isChanged))), ("error", JSONValue(.bool(span.isError))),
      ("critical_ms", row.critical > 0 ? NumberText.json(Nanoseconds.milliseconds(row.critical)) : JSONValue(.null)),
    ]
    if row.count > 1 { members.append(("count", .int(row.count))) }
    if !span.message.isEmpty { members.append(("message", .text(span.message))) }
    // What is as always needs no explanation.
    if isChanged || span.isError {
      let own = span.attributes.prefix(span.ownAttributes)
      let shown = own.prefix(FoldedTrace.maximumAttributes).map { ($0.key, JSONValue.text($0.value)) }
      if !shown.isEmpty { members.append(("attributes", .object(shown))) }
    }
    return .object(members)
  }
}

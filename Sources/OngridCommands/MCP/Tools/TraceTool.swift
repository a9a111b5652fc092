import Backends
import MCP
import Platform
import Traces

/// `get_trace`: one trace as a tree in few bytes, or one of its spans with all that it says.
struct TraceTool: InvestigatorTool {
  let store: SearchedStore

  /// Where the call asks for no other; also the least.
  private static let defaultBudget = 4096

  var definition: MCPTool {
    MCPTool(
      "get_trace",
      "One trace as a tree: every failed span and the critical path, others folded into counts as size demands.",
      [
        MCPParameter("trace_id", required: true),
        MCPParameter("span_id", "Show this span's attributes and events instead"),
        MCPParameter("max_bytes", .whole(TraceTool.defaultBudget...1_000_000), "Default \(TraceTool.defaultBudget)"),
      ])
  }

  func answer(_ arguments: MCPArguments, budget: Int, _ call: ToolCall) throws(ToolFailure) -> String {
    guard let id = arguments.text("trace_id").flatMap(TraceIDText.padded) else {
      throw ToolFailure("trace_id must be up to 32 hexadecimal digits")
    }
    let budget = min(budget, arguments.whole("max_bytes") ?? TraceTool.defaultBudget)
    let found: Trace?
    do throws(SearchedStore.Failure) { found = try store.trace(id, call) } catch { throw ToolFailure(error.text) }
    guard let trace = found, !trace.spans.isEmpty else { throw ToolFailure("there is no trace \(id)") }
    let notes = call.notes.prefix(2).map { "note: \(TraceText.quoted($0))\n" }.joined()
    guard let wanted = arguments.text("span_id") else {
      return notes + TraceText(trace: trace, budget: budget - notes.utf8.count).text
    }
    guard let span = TraceIDText.paddedSpan(wanted), let index = trace.spans.firstIndex(where: { $0.idText == span })
    else { throw ToolFailure("there is no such span in the trace") }
    return notes + SpanText(trace: trace, index: index).text(budget: budget - notes.utf8.count)
  }
}

/// All that a span says, as lines for a model.
struct SpanText {
  let trace: Trace
  let index: Int

  /// At most `budget` bytes; what does not fit is counted.
  func text(budget: Int) -> String {
    var left = budget - 40
    var text = ""
    var leftOut = 0
    for line in lines {
      left -= line.utf8.count + 1
      if left < 0 { leftOut += 1 } else { text += line + "\n" }
    }
    return text + (leftOut > 0 ? "… \(leftOut) more lines\n" : "")
  }

  private var lines: [String] {
    let span = trace.spans[index]
    var lines = [
      "span [\(span.idText)] of trace \(trace.id)", "service \(TraceText.quoted(span.service))",
      "name \(TraceText.quoted(span.name))", "kind \(span.kind.queryName)",
      "start \(Timestamp(nanoseconds: span.start).rfc3339), \(TraceText.duration(span.duration))",
      "status \(span.isError ? "error" : "not an error") \(TraceText.quoted(span.message, limit: 500))",
    ]
    if let parent = trace.parent(of: index) {
      lines.append("parent [\(trace.spans[parent].idText)] \(TraceText.quoted(trace.spans[parent].name))")
    }
    for event in span.events {
      let after = TraceText.duration(max(0, event.time.subtractingSaturating(span.start)))
      lines.append("event +\(after) \(TraceText.quoted(event.name))")
      for attribute in event.attributes { lines.append("  " + SpanText.line(attribute)) }
    }
    for (position, attribute) in span.attributes.enumerated() {
      lines.append((position < span.ownAttributes ? "attribute " : "resource ") + SpanText.line(attribute))
    }
    for link in span.links {
      lines.append("link to trace \(TraceText.word(link.traceID)) [\(TraceText.word(link.spanID))]")
    }
    return lines
  }

  private static func line(_ attribute: TraceSpan.Attribute) -> String {
    "\(TraceText.word(attribute.key)) = \(TraceText.quoted(attribute.value, limit: 500))"
  }
}

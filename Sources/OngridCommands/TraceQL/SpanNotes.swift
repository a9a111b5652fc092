import Platform
import Traces

/// What a waterfall says of a span below its bar: why it failed, what it threw, what it links to, and whether its clock
/// can be right. With details also its attributes and events.
struct SpanNotes {
  private(set) var lines: [(text: String, isError: Bool)] = []

  /// - Parameter parent: The span above it, where that is in the trace.
  init(_ span: TraceSpan, parent: TraceSpan?, _ layout: TextLayout, showsDetails: Bool) {
    if !span.message.isEmpty { lines.append((span.message, span.isError)) }
    if let parent, span.start < parent.start {
      let early = layout.duration(Int(parent.start &- span.start))
      lines.append(("begins \(early) before its parent: the clocks differ", false))
    }
    for event in span.events {
      let after = layout.duration(Int(max(0, event.time &- span.start)))
      if event.name == "exception" {
        let values = ["exception.type", "exception.message"].compactMap { key in
          event.attributes.first { $0.key == key }?.value
        }
        lines.append(("exception at \(after)" + (values.isEmpty ? "" : ": ") + values.joined(separator: ": "), true))
      } else if showsDetails {
        let attributes = event.attributes.map { " \($0.key)=\($0.value)" }.joined()
        lines.append(("event \(event.name) at \(after)\(attributes)", false))
      }
    }
    for link in span.links { lines.append(("link to span \(link.spanID) of trace \(link.traceID)", false)) }
    guard showsDetails else { return }
    for attribute in span.attributes.prefix(span.ownAttributes) {
      lines.append(("\(attribute.key)=\(attribute.value)", false))
    }
    for attribute in span.attributes.dropFirst(span.ownAttributes) {
      lines.append(("resource.\(attribute.key)=\(attribute.value)", false))
    }
  }
}

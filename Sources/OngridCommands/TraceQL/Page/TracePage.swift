import Platform
import Traces

/// Traces as one page of HTML that needs nothing else: no network, and a script only to fold, zoom and search.
struct TracePage {
  private let layout: TextLayout
  private var body = ""
  /// Resources, each once, by what they hold.
  private var resources: [[TraceSpan.Attribute]: Int] = [:]
  private var resourceList: [[TraceSpan.Attribute]] = []
  /// Colours by service, in order of appearance over the page.
  private var services: [String: Int] = [:]

  init(_ layout: TextLayout) { self.layout = layout }

  /// The page.
  static func html(_ traces: [Trace], _ layout: TextLayout) -> String {
    var page = TracePage(layout)
    for (number, trace) in traces.enumerated() { page.add(trace, number: number) }
    page.addResources()
    let title = traces.count == 1 ? "trace \(traces[0].id)" : "\(traces.count) traces"
    return page.document(title)
  }

  private func document(_ title: String) -> String {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-\(PageScript.digest)'"
    var page = """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="\(policy)">
      <meta name="viewport" content="width=device-width,initial-scale=1">
      <meta name="generator" content="ongrid traceql">
      <title>\(HTML.text(title))</title>
      <style>\(PageStyle.text)

      """
    // Hues a golden angle apart: any number of services differ as much as they can.
    for number in 0..<services.count { page += ".s\(number){--h:\((200 + number * 137) % 360)}" }
    return page + """
      </style></head><body>
      <nav><input type="search" placeholder="search spans" aria-label="search spans"><output></output>
      <button data-k="e">next error</button><button data-k="c">critical path</button>
      <button data-k="f">fold</button><button data-k="u">unfold</button><button data-k="z">zoom in</button><button data-k="0">whole</button>
      <span class="keys"><kbd>/</kbd> search <kbd>n</kbd> <kbd>N</kbd> hits <kbd>↑</kbd> <kbd>↓</kbd> move <kbd>←</kbd> <kbd>→</kbd> fold
      <kbd>↵</kbd> details <kbd>e</kbd> error <kbd>c</kbd> critical path <kbd>z</kbd> <kbd>+</kbd> <kbd>-</kbd> <kbd>0</kbd> zoom <kbd>&lt;</kbd> <kbd>&gt;</kbd> pan</span></nav>
      <main>
      \(body)</main>
      <script>\(PageScript.text)</script>
      </body></html>

      """
  }

  // MARK: One trace

  private mutating func add(_ trace: Trace, number: Int) {
    let waterfall = Waterfall(trace)
    let waited = Dictionary(
      waterfall.criticalPath.selfTimes.map { ($0.span, $0.selfTime) }, uniquingKeysWith: { $0 &+ $1 })
    let total = max(1, waterfall.end &- waterfall.start)
    body += "<section data-ns=\"\(total)\">\n" + header(trace, number: number) + legend(trace) + axis(total)
    for row in waterfall.rows {
      let span = trace.spans[row.span]
      let classes =
        ["r", service(span.service)] + (span.isError ? ["e"] : [])
        + (waterfall.isCritical(row.span) ? ["c"] : [])
      body +=
        "<details class=\"\(classes.joined(separator: " "))\" id=t\(number)-\(span.idText) "
        + "style=--d:\(row.depth)><summary><span class=n>" + name(span, row) + "</span><span class=v>"
        + HTML.text(span.service) + "</span><span class=t>" + TextLayout.duration(Int(span.duration), micro: "µs")
        + "</span><span class=b>" + bar(row.span, waterfall, total) + "</span></summary>"
      body += details(row.span, trace, number, waterfall, waited[row.span]) + "</details>\n"
    }
    body += "</section>\n"
  }

  private func header(_ trace: Trace, number: Int) -> String {
    let start = Timestamp(nanoseconds: trace.start)
    let errors = trace.spans.count(where: \.isError)
    let heading = number == 0 ? "h1" : "h2"
    let name = trace.root.map { HTML.text("\($0.service): \($0.name)") } ?? "no spans"
    return
      "<\(heading)>\(name)</\(heading)>\n<p>trace <code>\(HTML.text(trace.id))</code></p>\n<p>\(layout.dateAndTime(start)) "
      + "\(HTML.text(layout.zone(start))), \(TextLayout.duration(Int(trace.duration), micro: "µs")), "
      + "\(trace.spans.count) span\(trace.spans.count == 1 ? "" : "s")"
      + (errors > 0 ? ", <span class=\"bad\">\(errors) error\(errors == 1 ? "" : "s")</span>" : "")
      + "; the dark line under a bar is the critical path</p>\n"
  }

  private mutating func legend(_ trace: Trace) -> String {
    var counts: [String: Int] = [:]
    var order: [String] = []
    for span in trace.spans {
      if counts[span.service] == nil { order.append(span.service) }
      counts[span.service, default: 0] += 1
    }
    let items = order.map {
      "<span class=\"\(service($0))\">\(HTML.text($0.isEmpty ? "(no service)" : $0)) \(counts[$0] ?? 0)</span>"
    }
    return "<div class=\"legend\">\(items.joined())</div>\n"
  }

  private func axis(_ total: Int64) -> String {
    let ticks = (0...4).map { tick in
      "<span>\(tick == 0 ? "0" : TextLayout.duration(Int(total / 4) * tick, micro: "µs"))</span>"
    }
    return "<div class=\"axis\"><span>span</span><span>service</span><span class=\"t\">duration</span><div>"
      + ticks.joined() + "</div></div>\n"
  }

  private mutating func service(_ name: String) -> String {
    let number = services[name] ?? services.count
    services[name] = number
    return "s\(number)"
  }

  private func name(_ span: TraceSpan, _ row: Waterfall.Row) -> String {
    (span.isError ? "✗ " : "") + HTML.text(span.name.isEmpty ? "(no name)" : span.name)
      + (row.depth == 0 && span.parent != 0 ? " <small>(parent missing)</small>" : "")
  }

  private func bar(_ index: Int, _ waterfall: Waterfall, _ total: Int64) -> String {
    func place(_ start: Int64, _ end: Int64) -> String {
      let from = Double(max(0, start &- waterfall.start)) / Double(total)
      let length = Double(max(0, end &- start)) / Double(total)
      return "style=--s:\(TracePage.share(from));--w:\(TracePage.share(length))"
    }
    let span = waterfall.trace.spans[index]
    return "<i \(place(span.start, max(span.start, span.end)))></i>"
      + waterfall.stretches(of: index).map { "<b \(place($0.lowerBound, $0.upperBound))></b>" }.joined()
  }

  /// A part of the whole, with six digits and no exponent.
  private static func share(_ value: Double) -> String {
    let whole = 1e6
    let millionths = Int((min(max(value, 0), 1) * whole).rounded())
    if millionths >= 1_000_000 { return "1" }
    let digits = String(millionths)
    return millionths == 0 ? "0" : "." + String(repeating: "0", count: 6 - digits.count) + digits
  }

  // MARK: Details

  private mutating func details(
    _ index: Int, _ trace: Trace, _ number: Int, _ waterfall: Waterfall, _ waited: Int64?
  ) -> String {
    let span = trace.spans[index]
    func time(_ nanoseconds: Int64) -> String { TextLayout.duration(Int(nanoseconds), micro: "µs") }
    var rows: [(String, String)] = []
    if !span.message.isEmpty { rows.append(("status message", HTML.text(span.message))) }
    rows.append(
      (
        span.kind.queryName,
        "begins at \(time(max(0, span.start &- waterfall.start))), own time \(time(trace.selfTime(of: index)))"
          + (waited.map { ", waited for \(time($0))" } ?? "")
      ))
    rows.append(("span", "<i>\(span.idText)</i>"))
    if let parent = trace.parent(of: index) {
      let id = trace.spans[parent].idText
      rows.append(("parent", "<a class=i href=#t\(number)-\(id)>\(id)</a>"))
    } else if let missing = span.parentText {
      rows.append(("parent", "<i>\(missing)</i>, which is not here"))
    }
    for attribute in span.attributes.prefix(span.ownAttributes) {
      rows.append((HTML.text(attribute.key), HTML.text(attribute.value)))
    }
    for event in span.events {
      let values = event.attributes.map { "\n\(HTML.text($0.key)) = \(HTML.text($0.value))" }.joined()
      rows.append(("event at \(time(max(0, event.time &- span.start)))", HTML.text(event.name) + values))
    }
    for link in span.links {
      rows.append(
        (
          "link",
          "span <i>\(HTML.text(link.spanID))</i> of trace <i>\(HTML.text(link.traceID))</i>"
            + link.attributes.map { "\n\(HTML.text($0.key)) = \(HTML.text($0.value))" }.joined()
        ))
    }
    let resource = Array(span.attributes.dropFirst(span.ownAttributes))
    if !resource.isEmpty {
      let place = resources[resource] ?? resourceList.count
      if place == resourceList.count {
        resources[resource] = place
        resourceList.append(resource)
      }
      rows.append(("resource", "<a href=#r\(place)>\(HTML.text(TracePage.brief(resource)))</a>"))
    }
    // The ends of terms and descriptions follow from what comes after them.
    return "<dl class=x>" + rows.map { "<dt>\($0.0)<dd>\($0.1)" }.joined() + "</dl>"
  }

  /// What tells a resource from others of its service.
  private static func brief(_ resource: [TraceSpan.Attribute]) -> String {
    for key in ["service.instance.id", "k8s.pod.name", "host.name", "service.version"] {
      if let found = resource.first(where: { $0.key == key }) { return "\(key)=\(found.value)" }
    }
    return "\(resource.count) attribute\(resource.count == 1 ? "" : "s")"
  }

  private mutating func addResources() {
    guard !resourceList.isEmpty else { return }
    body += "<footer><h2>Resources</h2>\n<div>"
    for (number, attributes) in resourceList.enumerated() {
      let rows = attributes.map { "<dt>\(HTML.text($0.key))<dd>\(HTML.text($0.value))" }
      body += "<dl id=r\(number)>\(rows.joined())</dl>\n"
    }
    body += "</div></footer>\n"
  }
}

/// Text for HTML.
enum HTML {
  /// Nothing in it is markup any more, and what would not be seen or would turn the text around is written out.
  static func text(_ text: String) -> String {
    var safe = ""
    for character in StandardErrorLog.oneLine(text).unicodeScalars { safe.appendHTML(character) }
    return safe
  }
}

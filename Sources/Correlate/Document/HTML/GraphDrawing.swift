import Platform

/// The services of the traces and the calls between them as a drawing, callers left of the called. What changed stands out.
struct GraphDrawing {
  private let edges: [ServiceEdge]
  private let changed: Set<String>
  private var columns: [[String]] = []
  private var places: [String: (x: Int, y: Int)] = [:]

  private static let boxWidth = 170
  private static let boxHeight = 34
  private static let columnStep = 316
  private static let rowStep = 62

  /// - Parameter changed: services that are suspected.
  init(_ edges: [ServiceEdge], changed: Set<String>) {
    self.edges = edges
    self.changed = changed
    layOut()
  }

  /// Each service in the column after the first that calls it, from those outside on.
  private mutating func layOut() {
    var depth: [String: Int] = [:]
    let called = Set(edges.filter { $0.from != $0.to }.map(\.to))
    var level = edges.flatMap { [$0.from, $0.to] }.filter { !called.contains($0) }
    if level.isEmpty { level = edges.prefix(1).map(\.from) }
    var column = 0
    var order: [String] = []
    while !level.isEmpty {
      var next: [String] = []
      for name in level where depth[name] == nil {
        depth[name] = column
        order.append(name)
        next += edges.filter { $0.from == name }.map(\.to)
      }
      level = next
      column += 1
      // What hangs on nothing that was reached begins anew.
      if level.isEmpty, let rest = edges.flatMap({ [$0.from, $0.to] }).first(where: { depth[$0] == nil }) {
        level = [rest]
        column = 0
      }
    }
    columns = Array(repeating: [], count: (depth.values.max() ?? 0) + 1)
    for name in order { columns[depth[name] ?? 0].append(name) }
    let tallest = columns.map(\.count).max() ?? 1
    for (column, names) in columns.enumerated() {
      let top = (tallest - names.count) * GraphDrawing.rowStep / 2
      for (row, name) in names.enumerated() {
        places[name] = (10 + column * GraphDrawing.columnStep, 16 + top + row * GraphDrawing.rowStep)
      }
    }
  }

  var svg: String {
    guard !edges.isEmpty else { return "" }
    let width = (columns.count - 1) * GraphDrawing.columnStep + GraphDrawing.boxWidth + 20
    let height = (columns.map(\.count).max() ?? 1) * GraphDrawing.rowStep + 20
    var svg =
      "<svg class=\"graph\" width=\"\(width)\" height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\" role=\"img\">"
    svg +=
      "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
      + "<path d=\"M0 0L8 4L0 8\"/></marker></defs>"
    // Changed ones last, so that they lie above the others.
    let drawn = edges.filter { !$0.isChanged } + edges.filter(\.isChanged)
    for edge in drawn { svg += path(edge) }
    for edge in drawn { svg += note(edge) }
    for name in columns.flatMap(\.self) { svg += box(name) }
    return svg + "</svg>"
  }

  private func ends(_ edge: ServiceEdge) -> (x1: Int, y1: Int, x2: Int, y2: Int)? {
    guard let from = places[edge.from], let to = places[edge.to] else { return nil }
    let middle = GraphDrawing.boxHeight / 2
    return (from.x + GraphDrawing.boxWidth, from.y + middle, to.x, to.y + middle)
  }

  private func path(_ edge: ServiceEdge) -> String {
    guard let (x1, y1, x2, y2) = ends(edge) else { return "" }
    let bend = max(40, abs(x2 - x1) / 2)
    let title = "\(edge.from.isEmpty ? "(outside)" : edge.from) → \(edge.to)"
    return "<path\(edge.isChanged ? " class=\"changed\"" : "") marker-end=\"url(#tip)\" "
      + "d=\"M\(x1) \(y1)C\(x1 + bend) \(y1) \(x2 - bend) \(y2) \(x2) \(y2)\"><title>\(HTMLText.escaped(title))</title></path>"
  }

  /// What changed stands beside a changed call; how often it is made beside others.
  private func note(_ edge: ServiceEdge) -> String {
    guard let (x1, y1, x2, y2) = ends(edge) else { return "" }
    let text =
      edge.isChanged
      ? "p95 \(ChangeText.milliseconds(edge.before.p95, edge.now.p95))" : "\(edge.now.calls) calls"
    return
      "<text class=\"note\(edge.isChanged ? " changed" : "")\" text-anchor=\"end\" x=\"\(x2 - 10)\" y=\"\(y2 + (y2 >= y1 ? -6 : 14))\">"
      + "\(HTMLText.escaped(x2 > x1 ? text : ""))</text>"
  }

  private func box(_ name: String) -> String {
    guard let place = places[name] else { return "" }
    let shown = name.isEmpty ? "(outside)" : name
    let cut = shown.count > 22 ? shown.prefix(21) + "…" : shown
    return "<g\(changed.contains(name) ? " class=\"changed\"" : "")><rect x=\"\(place.x)\" y=\"\(place.y)\" "
      + "width=\"\(GraphDrawing.boxWidth)\" height=\"\(GraphDrawing.boxHeight)\" rx=\"5\"/>"
      + "<text x=\"\(place.x + 10)\" y=\"\(place.y + 21)\">\(HTMLText.escaped(String(cut)))"
      + "<title>\(HTMLText.escaped(shown))</title></text></g>"
  }
}

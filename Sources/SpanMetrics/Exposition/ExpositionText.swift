public import Platform

/// The Prometheus text format 0.0.4, and OpenMetrics 1.0, written a piece at a time, so that a page of any length needs
/// little memory.
public struct ExpositionText: ~Copyable {
  public typealias Labels = [(name: String, value: String)]

  private let table: MetricTable
  private let isOpenMetrics: Bool
  private let external: [(name: String, text: [UInt8])]
  private let exemplarLabel: String
  private var family = 0
  private var place = 0
  private var hasHead = false
  private var isDone = false
  private var labels = ByteBuffer(capacity: 512)
  private var bounds: [[UInt8]] = []

  /// - Parameters:
  ///   - isOpenMetrics: instead of the older format: families named without `_total`, exemplars, an end mark.
  ///   - external: labels added to every series; a series' own label wins.
  public init(_ table: MetricTable, isOpenMetrics: Bool, external: Labels, exemplarLabel: String = "trace_id") {
    self.table = table
    self.isOpenMetrics = isOpenMetrics
    self.external = external.map { ($0.name, Self.escaped(Array($0.value.utf8))) }.sorted { $0.name < $1.name }
    self.exemplarLabel = exemplarLabel
  }

  /// Appends about `size` bytes more; false when there is nothing left.
  public mutating func next(_ size: Int, into page: inout ByteBuffer) -> Bool {
    if isDone { return false }
    let end = page.count + size
    while family < table.families.count {
      let description = table.families[family]
      while place < table.count(description) {
        if page.count >= end { return true }
        if let point = table.point(description, place), isWritten(description, point) {
          if !hasHead { begin(description, &page) }
          append(description, point, &page)
        }
        place += 1
      }
      family += 1
      place = 0
      hasHead = false
    }
    if isOpenMetrics { page.append("# EOF\n") }
    isDone = true
    return true
  }

  /// Failures are written where there are any.
  private func isWritten(_ family: MetricFamily, _ point: MetricPoint) -> Bool {
    if case .failed = family.source, case .number(0) = point.value { return false }
    return true
  }

  private mutating func begin(_ family: MetricFamily, _ page: inout ByteBuffer) {
    hasHead = true
    let isCounter = family.kind == .counter
    let name = isOpenMetrics && isCounter ? String(family.name.dropLast("_total".count)) : family.name
    let type =
      switch family.kind {
      case .counter: "counter"
      case .gauge: "gauge"
      case .histogram: "histogram"
      }
    page.append("# HELP \(name) \(family.help)\n# TYPE \(name) \(type)\n")
    bounds = (family.bounds + [.infinity]).map { bound in
      Array((isOpenMetrics ? FloatText.openMetrics(bound) : FloatText.fixed(bound)).utf8)
    }
  }

  private mutating func append(_ family: MetricFamily, _ point: MetricPoint, _ page: inout ByteBuffer) {
    render(point.labels)
    switch point.value {
    case .number(let value): line(family.name, "", value, point.exemplar, &page)
    case .histogram(let histogram):
      for (index, count) in histogram.cumulative.enumerated() {
        page.append(family.name)
        page.append("_bucket{")
        page.append(labels.view)
        if !labels.isEmpty { page.append(UInt8(ascii: ",")) }
        page.append("le=\"")
        page.append(bounds[min(index, bounds.count - 1)])
        page.append("\"} ")
        end(count, index < point.exemplars.count ? point.exemplars[index] : nil, &page)
      }
      line(family.name, "_sum", histogram.sum, nil, &page)
      line(family.name, "_count", histogram.count, nil, &page)
    }
  }

  private func line(
    _ name: String, _ suffix: StaticString, _ value: Double, _ exemplar: Exemplar?, _ page: inout ByteBuffer
  ) {
    page.append(name)
    page.append(suffix)
    if !labels.isEmpty {
      page.append(UInt8(ascii: "{"))
      page.append(labels.view)
      page.append(UInt8(ascii: "}"))
    }
    page.append(UInt8(ascii: " "))
    end(value, exemplar, &page)
  }

  /// The value, the exemplar and the end of a line.
  private func end(_ value: Double, _ exemplar: Exemplar?, _ page: inout ByteBuffer) {
    Self.append(value, &page)
    if isOpenMetrics, let exemplar {
      let time = Double(exemplar.ended.milliseconds) / 1000
      page.append(" # {\(exemplarLabel)=\"\(exemplar.traceID)\",span_id=\"\(exemplar.spanID)\"} ")
      page.append(FloatText.fixed(exemplar.seconds) + " " + FloatText.fixed(time))
    }
    page.append(UInt8(ascii: "\n"))
  }

  /// Most values are counts, which need none of what other numbers do.
  private static func append(_ value: Double, _ page: inout ByteBuffer) {
    guard value >= 0, value < 1e15, value == value.rounded(.down) else {
      page.append(FloatText.fixed(value))
      return
    }
    var rest = UInt64(value)
    page.append(upTo: 20) { room in
      var digits = 1
      var bound: UInt64 = 10
      while rest >= bound {
        digits += 1
        bound *= 10
      }
      for index in stride(from: digits - 1, through: 0, by: -1) {
        room[index] = UInt8(truncatingIfNeeded: 48 + rest % 10)
        rest /= 10
      }
      return digits
    }
  }

  /// The labels as they stand between the braces, sorted by name.
  private mutating func render(_ own: [MetricLabel]) {
    labels.removeAll()
    var next = 0
    func isBefore(_ index: Int, _ name: String) -> Bool { index < external.count && external[index].name < name }
    for label in own {
      while isBefore(next, label.name) {
        append(external[next])
        next += 1
      }
      // The series' own label wins.
      if next < external.count, external[next].name == label.name { next += 1 }
      begin(label.name)
      switch label.value {
      case .bytes(let bytes): Self.escape(bytes, &labels)
      case .text(let text): Array(text.utf8).withByteView { Self.escape($0, &labels) }
      }
      labels.append(UInt8(ascii: "\""))
    }
    while next < external.count {
      append(external[next])
      next += 1
    }
  }

  private mutating func append(_ label: (name: String, text: [UInt8])) {
    begin(label.name)
    labels.append(label.text)
    labels.append(UInt8(ascii: "\""))
  }

  private mutating func begin(_ name: String) {
    if !labels.isEmpty { labels.append(UInt8(ascii: ",")) }
    labels.append(name)
    labels.append("=\"")
  }

  /// Appends a label value with what would end it or its line escaped.
  private static func escape(_ value: ByteView, _ text: inout ByteBuffer) {
    var rest = value
    while let at = rest.buffer.firstIndex(where: { $0 == 0x22 || $0 == 0x5C || $0 == 0x0A }) {
      text.append(rest.prefix(at))
      text.append(UInt8(ascii: "\\"))
      text.append(rest[at] == 0x0A ? UInt8(ascii: "n") : rest[at])
      rest = rest.dropFirst(at + 1)
    }
    text.append(rest)
  }

  private static func escaped(_ value: [UInt8]) -> [UInt8] {
    var text = ByteBuffer(capacity: value.count + 8)
    value.withByteView { escape($0, &text) }
    return Array(text.view)
  }
}

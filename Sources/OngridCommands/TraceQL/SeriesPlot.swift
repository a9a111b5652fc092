import Platform
import TraceQL

/// The answer to a metrics query as a plot: lines over time, a legend below.
struct SeriesPlot {
  private let layout: TextLayout
  private static let height = 15
  /// Series beyond these are only counted.
  private static let most = 10
  private static let marks: [Character] = ["*", "o", "+", "x", "#", "@", "%", "&", "=", "~"]

  private let unit: SeriesUnit

  /// - Parameter unit: What the values are measured in.
  init(_ layout: TextLayout, unit: SeriesUnit) {
    self.layout = layout
    self.unit = unit
  }

  func lines(_ result: MetricsResult) -> [String] {
    let shown = result.series.sorted { SeriesPlot.peak($0) > SeriesPlot.peak($1) }.prefix(SeriesPlot.most)
    let values = shown.flatMap(\.values).filter(\.isFinite)
    guard let highest = values.max(), let lowest = values.min() else { return ["no series"] }
    // Counts and rates are seen against zero.
    let bottom = min(0, lowest)
    let top = highest > bottom ? highest : bottom + 1
    let labels = (0..<SeriesPlot.height).map { label(ofRow: $0, bottom: bottom, top: top) }
    let margin = labels.map(DisplayWidth.of).max() ?? 0
    let width = max(20, (layout.columns ?? 100) - margin - 3)
    var canvas = Canvas(width: width, height: SeriesPlot.height, isFine: layout.drawsUnicode)
    for (number, series) in shown.enumerated() {
      var previous: (x: Int, y: Int)?
      for (index, value) in series.values.enumerated() {
        guard value.isFinite else {
          previous = nil
          continue
        }
        let x = result.intervals.count > 1 ? index * (canvas.fineWidth - 1) / (result.intervals.count - 1) : 0
        let share = (value - bottom) / (top - bottom)
        let y = Int((Double(canvas.fineHeight - 1) * (1 - share)).rounded())
        canvas.line(from: previous ?? (x, y), to: (x, y), number)
        previous = (x, y)
      }
    }
    let axis = layout.drawsUnicode ? "│" : "|"
    var lines = unitText.map { [layout.paint(String(repeating: " ", count: margin + 1) + $0, .dim)] } ?? []
    lines += (0..<SeriesPlot.height).map { row in
      DisplayWidth.padded(labels[row], to: margin, alignRight: true) + " " + layout.paint(axis, .dim)
        + canvas.row(row) { layout.paint(String($1 ?? SeriesPlot.marks[$0]), number: $0) }
    }
    lines.append(times(result.intervals, margin: margin, width: width))
    for (number, series) in shown.enumerated() {
      let mark = layout.drawsUnicode ? "●" : String(SeriesPlot.marks[number])
      let last = series.values.last { !$0.isNaN } ?? .nan
      let text = "\(StandardErrorLog.oneLine(series.labelText))  last \(text(last))"
      let fitting = layout.columns.map { DisplayWidth.truncated(text, to: $0 - 4) } ?? text
      lines.append("  " + layout.paint(mark, number: number) + " " + fitting)
    }
    if result.series.count > shown.count { lines.append("  and \(result.series.count - shown.count) more series") }
    return lines
  }

  /// Every seventh row, and the lowest, says its value.
  private func label(ofRow row: Int, bottom: Double, top: Double) -> String {
    let lowest = SeriesPlot.height - 1
    if row == lowest { return text(bottom) }
    guard row % 7 == 0 else { return "" }
    let share = Double(row) / Double(lowest)
    return text(top - (top - bottom) * share)
  }

  /// A value with its unit, where every value carries it.
  private func text(_ value: Double) -> String {
    guard unit == .seconds, value.isFinite, value != 0, abs(value) < 1e9 else { return TextLayout.number(value) }
    return value < 0 ? "-" + text(-value) : layout.duration(Int(Nanoseconds.of(seconds: value)))
  }

  /// What stands once above the axis.
  private var unitText: String? {
    switch unit {
    case .spansPerSecond: "spans/s"
    case .spans: "spans"
    case .attribute(let attribute): StandardErrorLog.oneLine("\(attribute)")
    case .seconds, .none: nil
    }
  }

  private static func peak(_ series: Series) -> Double { series.values.filter(\.isFinite).max() ?? -.infinity }

  private func times(_ intervals: Intervals, margin: Int, width: Int) -> String {
    func clock(_ index: Int) -> String {
      let moment = Timestamp(nanoseconds: Int64(intervals.timestamp(index)))
      return String(layout.time(moment).dropLast(4)) + (index == 0 ? " " + layout.zone(moment) : "")
    }
    let first = clock(0)
    let last = clock(max(0, intervals.count - 1))
    let gap = max(1, width - first.count - last.count)
    return String(repeating: " ", count: margin + 2) + first
      + (intervals.count > 1 ? String(repeating: " ", count: gap) + last : "")
  }
}

/// A drawing area of characters: braille cells of two by four dots, or one mark a character.
private struct Canvas {
  private let width: Int
  private let isFine: Bool
  private var dots: [UInt8]
  private var owners: [Int]

  init(width: Int, height: Int, isFine: Bool) {
    self.width = width
    self.isFine = isFine
    dots = Array(repeating: 0, count: width * height)
    owners = Array(repeating: -1, count: width * height)
  }

  var fineWidth: Int { isFine ? width * 2 : width }
  var fineHeight: Int { isFine ? dots.count / width * 4 : dots.count / width }

  /// The dots of a braille character: column by column, the lowest row apart.
  private static let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]

  mutating func line(from: (x: Int, y: Int), to: (x: Int, y: Int), _ owner: Int) {
    let steps = max(abs(to.x - from.x), abs(to.y - from.y), 1)
    for step in 0...steps {
      dot(from.x + (to.x - from.x) * step / steps, from.y + (to.y - from.y) * step / steps, owner)
    }
  }

  private mutating func dot(_ x: Int, _ y: Int, _ owner: Int) {
    let cell = isFine ? y / 4 * width + x / 2 : y * width + x
    guard dots.indices.contains(cell) else { return }
    dots[cell] |= isFine ? Canvas.bits[y % 4][x % 2] : 1
    owners[cell] = owner
  }

  /// A row of characters; `paint` gets the series and the braille character, which is nil when there are marks.
  func row(_ row: Int, _ paint: (Int, Character?) -> String) -> String {
    var text = ""
    for cell in row * width..<(row + 1) * width {
      guard dots[cell] != 0 else {
        text += " "
        continue
      }
      let braille = Unicode.Scalar(0x2800 + UInt32(dots[cell])).map { Character($0) }
      text += paint(owners[cell], isFine ? braille : nil)
    }
    while text.last == " " { text.removeLast() }
    return text
  }
}

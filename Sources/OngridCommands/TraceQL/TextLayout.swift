import Platform

/// What the text of tables and drawings may look like: colours, width and characters.
struct TextLayout {
  let colors: Bool
  /// Columns to fill; nil where nothing is cut.
  let columns: Int?
  /// Whether lines and bars may be drawn with other characters than ASCII's.
  let drawsUnicode: Bool

  /// Whether times are shown in UTC.
  private let isUTC: Bool
  private let today: String

  /// - Parameters:
  ///   - width: Columns that were asked for.
  ///   - now: Of what day times are shown without their date.
  init(colors: Bool, width: Int?, isUTC: Bool, now: Timestamp) {
    self.colors = colors
    self.isUTC = isUTC
    today = LocalTime(now, isUTC: isUTC).date
    let isTerminal = Terminal.isTerminal(1)
    drawsUnicode = isTerminal && Terminal.drawsUnicode
    columns = width ?? (isTerminal ? max(40, Terminal.columns(1)) : Terminal.columnsVariable.map { max(40, $0) })
  }

  /// For a document: no colours, times in UTC with their date.
  init(columns: Int) {
    colors = false
    isUTC = true
    today = ""
    drawsUnicode = true
    self.columns = columns
  }

  /// `08:45:12.123`, its date before it when that is another day than today.
  ///
  /// - Parameter isBrief: Without milliseconds, and without the year where that is this one.
  func time(_ moment: Timestamp, isBrief: Bool = false) -> String {
    let time = LocalTime(moment, isUTC: isUTC)
    let clock = isBrief ? String(time.clock.dropLast(4)) : time.clock
    if time.date == today { return clock }
    let isThisYear = time.date.prefix(4) == today.prefix(4)
    return (isBrief && isThisYear ? String(time.date.dropFirst(5)) : time.date) + " " + clock
  }

  /// The same, always with its date.
  func dateAndTime(_ moment: Timestamp) -> String {
    let time = LocalTime(moment, isUTC: isUTC)
    return "\(time.date) \(time.clock)"
  }

  /// The name of the time zone at a moment.
  func zone(_ moment: Timestamp) -> String { LocalTime(moment, isUTC: isUTC).zone }

  enum Style: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case boldRed = "1;31"
    case yellow = "33"
  }

  func paint(_ text: String, _ style: Style) -> String { paint(text, style.rawValue) }

  private func paint(_ text: String, _ code: String) -> String {
    colors && !text.isEmpty ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }

  private static let palette = [36, 32, 35, 34, 33, 96, 92, 95, 94, 93]

  /// The text in the colour of a service, the same wherever it appears.
  func paint(_ text: String, as service: String, bold: Bool = false) -> String {
    let hash = service.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
    let color = TextLayout.palette[Int(hash % UInt32(TextLayout.palette.count))]
    return paint(text, bold ? "1;\(color)" : "\(color)")
  }

  /// The text in one of a few colours that go well together.
  func paint(_ text: String, number: Int, bold: Bool = false) -> String {
    let color = TextLayout.palette[number % TextLayout.palette.count]
    return paint(text, bold ? "1;\(color)" : "\(color)")
  }

  /// A duration in three digits or so: `1.09s`, `724ms`, `12.3ms`, `845us`.
  func duration(_ nanoseconds: Int) -> String {
    TextLayout.duration(nanoseconds, micro: drawsUnicode ? "µs" : "us")
  }

  /// - Parameter micro: The sign of microseconds.
  static func duration(_ nanoseconds: Int, micro: String) -> String {
    switch nanoseconds {
    case ..<1_000: return "\(nanoseconds)ns"
    case ..<1_000_000: return TextLayout.digits(nanoseconds, 1_000) + micro
    case ..<1_000_000_000: return TextLayout.digits(nanoseconds, 1_000_000) + "ms"
    case ..<60_000_000_000: return TextLayout.digits(nanoseconds, 1_000_000_000) + "s"
    case ..<3_600_000_000_000:
      return "\(nanoseconds / 60_000_000_000)m\(nanoseconds / 1_000_000_000 % 60)s"
    default: return "\(nanoseconds / 3_600_000_000_000)h\(nanoseconds / 60_000_000_000 % 60)m"
    }
  }

  private static func digits(_ value: Int, _ unit: Int) -> String {
    let whole = value / unit
    if whole >= 100 { return "\(whole)" }
    let places = whole >= 10 ? 10 : 100
    let fraction = value % unit / (unit / places)
    if fraction == 0 { return "\(whole)" }
    let text = String(fraction + places).dropFirst()
    return "\(whole)." + (text.hasSuffix("0") ? String(text.dropLast()) : String(text))
  }

  /// A number in four digits or so.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "-" }
    if value.isInfinite { return value > 0 ? "inf" : "-inf" }
    if value == value.rounded(), abs(value) < 1e9 { return String(Int(value)) }
    let magnitude = abs(value)
    if magnitude >= 1e9 || magnitude < 1e-4 {
      var exponent = 0
      var mantissa = value
      while abs(mantissa) >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
      while abs(mantissa) < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
      return "\(rounded(mantissa, 100))e\(exponent)"
    }
    let places: Double = magnitude >= 100 ? 10 : magnitude >= 1 ? 1_000 : 1_000_000
    return rounded(value, places)
  }

  private static func rounded(_ value: Double, _ places: Double) -> String {
    let text = ((value * places).rounded() / places).description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

/// Cells in aligned columns.
struct TextTable {
  struct Column {
    let title: String
    var alignsRight = false
    /// Cut first when the terminal is narrow, the highest first; nil is never cut.
    var shrinks: Int?
  }

  private let columns: [Column]
  private let layout: TextLayout
  private var rows: [(cells: [String], paint: (Int, String) -> String, notes: [String])] = []

  init(_ columns: [Column], _ layout: TextLayout) {
    self.columns = columns
    self.layout = layout
  }

  /// Adds a row. `paint` colours the padded text of a cell by column; `notes` are lines below it.
  mutating func add(_ cells: [String], notes: [String] = [], paint: @escaping (Int, String) -> String = { $1 }) {
    rows.append((cells.map(StandardErrorLog.oneLine), paint, notes))
  }

  /// The table, its titles first.
  var lines: [String] {
    var widths = columns.indices.map { column in
      rows.map { DisplayWidth.of($0.cells[column]) }.reduce(DisplayWidth.of(columns[column].title), max)
    }
    if let available = layout.columns {
      var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - available
      let shrinking = columns.indices.filter { columns[$0].shrinks != nil }
        .sorted { columns[$0].shrinks ?? 0 > columns[$1].shrinks ?? 0 }
      // Each down to what is still readable, before any is cut to the bone; titles stay whole.
      for least in [14, 6] {
        for column in shrinking where excess > 0 {
          let cut = min(excess, max(0, widths[column] - max(least, DisplayWidth.of(columns[column].title))))
          widths[column] -= cut
          excess -= cut
        }
      }
    }
    func line(_ cells: [String], _ paint: (Int, String) -> String) -> String {
      var line = ""
      for column in columns.indices {
        let cut = DisplayWidth.truncated(cells[column], to: widths[column])
        let isLast = column == columns.count - 1
        let padded =
          isLast && !columns[column].alignsRight
          ? cut : DisplayWidth.padded(cut, to: widths[column], alignRight: columns[column].alignsRight)
        line += paint(column, padded) + (isLast ? "" : "  ")
      }
      return line
    }
    return [line(columns.map(\.title)) { layout.paint($1, .bold) }]
      + rows.flatMap { [line($0.cells, $0.paint)] + $0.notes }
  }
}

import Platform

/// A duration as PromQL writes it: whole numbers with the units y, w, d, h, m, s, ms in that order, each at most once.
public struct PromDuration: Sendable, Equatable {
  /// As it was written.
  public let text: String
  /// Its length; Prometheus counts in milliseconds.
  public let milliseconds: Int64

  /// Its length in seconds.
  public var seconds: Double { Double(milliseconds) / 1000 }

  /// Its length in nanoseconds.
  var nanoseconds: Int64 { Duration.milliseconds(milliseconds).nanoseconds }

  private static let units: [(name: String, milliseconds: Int64)] = [
    ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000),
    ("ms", 1),
  ]

  /// Reads a duration; nil when Prometheus would not read it, which includes more nanoseconds than 64 bits hold.
  public init?(_ text: String) {
    if text == "0" {
      self.init(text: text, milliseconds: 0)
      return
    }
    var rest = Substring(text).utf8
    var next = 0
    var total: Int64 = 0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      rest = rest.dropFirst(digits.count)
      let name = String(rest.prefix { !(0x30...0x39).contains($0) }) ?? ""
      rest = rest.dropFirst(name.utf8.count)
      guard let number = Int64(Substring(digits)),
        let index = PromDuration.units[next...].firstIndex(where: { $0.name == name })
      else { return nil }
      let (part, tooBig) = number.multipliedReportingOverflow(by: PromDuration.units[index].milliseconds)
      let (sum, overflow) = total.addingReportingOverflow(part)
      guard !tooBig, !overflow, sum <= Int64.max / 1_000_000 else { return nil }
      total = sum
      next = index + 1
    }
    self.init(text: text, milliseconds: total)
  }

  /// The shortest way to write `milliseconds`.
  public init(milliseconds: Int64) {
    var rest = max(milliseconds, 0)
    var text = ""
    // Years and weeks only where nothing is left over, as Prometheus prints them.
    for unit in PromDuration.units where rest > 0 {
      if unit.name == "y" || unit.name == "w", rest % unit.milliseconds != 0 { continue }
      if rest >= unit.milliseconds {
        text += "\(rest / unit.milliseconds)\(unit.name)"
        rest %= unit.milliseconds
      }
    }
    self.init(text: text.isEmpty ? "0s" : text, milliseconds: max(milliseconds, 0))
  }

  private init(text: String, milliseconds: Int64) {
    self.text = text
    self.milliseconds = milliseconds
  }

  /// What was probably meant by a text that is not a duration: `1.5h`, `5 min`, `5M`, `90`.
  static func suggestion(for text: String) -> PromDuration? {
    let squeezed = text.lowercased().filter { !$0.isWhitespace && $0 != "_" }
    let number = squeezed.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = String(squeezed.dropFirst(number.count))
    guard !number.isEmpty else { return nil }
    let scale: Int64? =
      switch unit {
      case "", "sec", "secs", "second", "seconds": 1_000
      case "min", "mins", "minute", "minutes": 60_000
      case "hr", "hrs", "hour", "hours": 3_600_000
      case "day", "days": 86_400_000
      case "week", "weeks": 604_800_000
      case "msec", "millis", "milliseconds": 1
      default: units.first { $0.name == unit }?.milliseconds
      }
    if let scale, let value = Double(String(number)), value > 0, value * Double(scale) < 1e15 {
      return PromDuration(milliseconds: Int64((value * Double(scale)).rounded()))
    }
    return DurationText.parse(squeezed).flatMap { $0 >= 1_000_000 ? PromDuration(milliseconds: $0 / 1_000_000) : nil }
  }
}

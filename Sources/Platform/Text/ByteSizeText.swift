/// Sizes in bytes as people write them: `64MiB`, `500kB`, `1024`.
public enum ByteSizeText {
  private static let units: [(name: String, bytes: Int)] = [
    ("", 1), ("B", 1), ("kB", 1_000), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ("k", 1_000), ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40),
  ]

  /// Bytes of a size, or nil when the text is not one or does not fit. Fractions are accepted (`1.5MiB`), spaces
  /// and signs are not. Units match without regard to case when the exact writing is unknown.
  public static func parse(_ text: some StringProtocol) -> Int? {
    let number = text.prefix { ("0"..."9").contains($0) || $0 == "." }
    let unit = text.dropFirst(number.count)
    guard let first = number.first, first != ".", number.last != ".",
      let scale = scale(of: String(unit)),
      let value = Double(String(number))
    else { return nil }
    if let whole = Int(String(number)) {
      let (bytes, overflow) = whole.multipliedReportingOverflow(by: scale)
      return overflow ? nil : bytes
    }
    return Int(exactly: (value * Double(scale)).rounded())
  }

  /// A size for people: exact binary units where the count is a whole multiple (`64MiB`), else one decimal (`1.5MiB`).
  public static func format(_ bytes: Int) -> String {
    for (name, scale) in [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
    where bytes.magnitude >= UInt(scale) {
      if bytes % scale == 0 { return "\(bytes / scale)\(name)" }
      let tenths = (Double(bytes) / Double(scale) * 10).rounded() / 10
      return "\(tenths)\(name)"
    }
    return "\(bytes)B"
  }

  private static func scale(of unit: String) -> Int? {
    if let exact = units.first(where: { $0.name == unit }) { return exact.bytes }
    let lowered = unit.lowercased()
    return units.first { $0.name.lowercased() == lowered }?.bytes
  }
}

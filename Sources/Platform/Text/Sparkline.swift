/// A row of numbers as a line of blocks.
public enum Sparkline {
  private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// One block a number, scaled from the least to the greatest; a space where there is none.
  public static func of(_ values: [Double?]) -> String {
    let known = values.compactMap { $0.flatMap { $0.isFinite ? $0 : nil } }
    guard let least = known.min(), let greatest = known.max() else {
      return String(repeating: " ", count: values.count)
    }
    let span = greatest - least
    return String(
      values.map { value in
        guard let value, !value.isNaN else { return " " }
        // Equal numbers are drawn low: there is nothing to see.
        let share = span > 0 && span.isFinite ? min(max((value - least) / span, 0), 1) : 0
        return blocks[Int((share * Double(blocks.count - 1)).rounded())]
      })
  }

  /// The greatest number in each of `columns` equal parts of a time, so that no peak is lost; nil where there is none.
  ///
  /// - Parameters:
  ///   - samples: Places from 0 to 1 and the numbers there.
  ///   - columns: At least 1.
  public static func buckets(_ samples: some Sequence<(place: Double, value: Double)>, columns: Int) -> [Double?] {
    var buckets = [Double?](repeating: nil, count: max(columns, 1))
    for (place, value) in samples where place.isFinite && !value.isNaN {
      let index = min(max(Int(place * Double(buckets.count)), 0), buckets.count - 1)
      buckets[index] = max(buckets[index] ?? value, value)
    }
    return buckets
  }
}

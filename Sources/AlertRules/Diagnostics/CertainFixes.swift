/// Puts what was certainly meant in the place of what is wrong.
public enum CertainFixes {
  /// The text of source `index` with every certain replacement, and how many there were. Of replacements that overlap the
  /// first is made.
  public static func apply(_ set: RuleSet, source index: Int) -> (bytes: [UInt8], count: Int) {
    let source = set.sources[index]
    let fixes = set.diagnostics.filter { $0.source == index && $0.isCertain }
      .compactMap { fix in fix.range.map { (range: $0, text: fix.replacement ?? "") } }
      .sorted { $0.range.lowerBound < $1.range.lowerBound }
    var bytes: [UInt8] = []
    var position = 0
    var count = 0
    for fix in fixes where fix.range.lowerBound >= position && fix.range.upperBound <= source.bytes.count {
      bytes += source.bytes[position..<fix.range.lowerBound]
      bytes += Array(fix.text.utf8)
      position = fix.range.upperBound
      count += 1
    }
    return (bytes + source.bytes[position...], count)
  }
}

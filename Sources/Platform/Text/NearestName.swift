/// Finds what was probably meant by a mistyped name.
public enum NearestName {
  /// The number of insertions, deletions, substitutions and swaps of neighbours between two strings
  /// (optimal string alignment distance), counted in Unicode scalars.
  public static func distance(_ left: String, _ right: String) -> Int {
    let a = Array(left.unicodeScalars)
    let b = Array(right.unicodeScalars)
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforePrevious = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    var current = beforePrevious
    for i in 1...a.count {
      current[0] = i
      for j in 1...b.count {
        let substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        current[j] = min(previous[j] + 1, current[j - 1] + 1, substitution)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          current[j] = min(current[j], beforePrevious[j - 2] + 1)
        }
      }
      (beforePrevious, previous, current) = (previous, current, beforePrevious)
    }
    return previous[b.count]
  }

  /// The candidate nearest to `name`, or nil when none is near enough to be a likely slip of the keys.
  ///
  /// Near enough is a third of the longer name's length, at least one edit; a candidate that starts with `name`
  /// (three characters or more) counts as near too. Case is ignored. Names longer than 64 characters match nothing,
  /// so a hostile argument costs nothing.
  public static func of(_ name: String, in candidates: some Sequence<String>) -> String? {
    guard name.utf8.count <= 64, !name.isEmpty else { return nil }
    let wanted = name.lowercased()
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let lowered = candidate.lowercased()
      var edits = distance(wanted, lowered)
      let limit = max(1, max(wanted.count, lowered.count) / 3)
      if edits > limit {
        guard wanted.count >= 3, lowered.hasPrefix(wanted) else { continue }
        edits = limit
      }
      if best.map({ edits < $0.distance }) ?? true { best = (candidate, edits) }
    }
    return best?.name
  }
}

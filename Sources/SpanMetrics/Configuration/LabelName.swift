/// Prometheus label names.
public enum LabelName {
  /// Whether `name` is one, and not one of those that start with `__`, which Prometheus keeps for itself.
  public static func isValid(_ name: String) -> Bool {
    !name.isEmpty && sanitize(name) == name && !name.hasPrefix("__")
  }

  /// `name` with everything that a label name cannot hold replaced by `_`; a digit in front gets a `_` before it.
  public static func sanitize(_ name: String) -> String {
    var clean = String(
      name.unicodeScalars.map { scalar -> Character in
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": Character(scalar)
        default: "_"
        }
      })
    if let first = clean.first, first.isNumber { clean = "_" + clean }
    return clean
  }
}

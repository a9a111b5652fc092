import Platform

/// Milliseconds for people: three digits that matter.
public enum Milliseconds {
  public static func text(_ value: Double) -> String {
    if value >= 10_000 { return FloatText.rounded(value / 1000, decimals: 1) + " s" }
    return FloatText.rounded(value, decimals: value >= 100 ? 0 : value >= 10 ? 1 : 2) + " ms"
  }
}

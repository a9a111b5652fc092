import Platform

/// A part of rules with the values that are tried for it.
public struct RuleVariation: Sendable {
  /// What varies.
  public enum Part: String, Sendable, CaseIterable {
    case threshold, window
    case hold = "for"
  }

  /// Most values that are tried.
  private static let limit = 1000
  /// How many steps a range has where it does not say.
  private static let steps = 10

  public let part: Part
  /// As people write them.
  public let values: [String]

  /// Reads `threshold=500..1000`, `threshold=500..1000:50`, `window=1m,5m,15m`; nil when it is none.
  public init?(_ text: String) {
    guard let equals = text.firstIndex(of: "="), let part = Part(rawValue: String(text[..<equals])) else { return nil }
    var values: [String] = []
    for piece in text[text.index(after: equals)...].split(separator: ",", omittingEmptySubsequences: false) {
      guard let range = RuleVariation.values(String(piece), part) else { return nil }
      values += range
    }
    guard !values.isEmpty, values.count <= RuleVariation.limit else { return nil }
    self.part = part
    self.values = values
  }

  /// The values of `a`, `a..b` or `a..b:step`.
  private static func values(_ text: String, _ part: Part) -> [String]? {
    let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let ends = halves[0].components(around: "..")
    guard ends.count == 2 else {
      return halves.count == 1 && number(text, part) != nil ? [text] : nil
    }
    guard let low = number(ends[0], part), let high = number(ends[1], part), low < high else { return nil }
    let step = halves.count == 2 ? number(halves[1], part) : (high - low) / Double(steps)
    guard let step, step > 0, (high - low) / step < Double(limit) else { return nil }
    let count = Int(((high - low) / step + 1e-9).rounded(.down))
    return (0...count).map { RuleVariation.text(low + Double($0) * step, part) }
  }

  /// A positive number, or the milliseconds of a duration.
  private static func number(_ text: String, _ part: Part) -> Double? {
    if part == .threshold { return Double(text).flatMap { $0.isFinite && $0 > 0 ? $0 : nil } }
    guard let duration = PromDuration(text), duration.milliseconds > 0 || part == .hold else { return nil }
    return Double(duration.milliseconds)
  }

  private static func text(_ value: Double, _ part: Part) -> String {
    guard part == .threshold else { return PromDuration(milliseconds: Int64(value.rounded())).text }
    return FloatText.general(Double(FloatText.rounded(value, decimals: 9)) ?? value)
  }

  /// The rule with one of the values; nil where it has no such part.
  public func rule(_ rule: AlertRule, with value: String) -> AlertRule? {
    var varied = rule
    switch part {
    case .threshold:
      guard let number = Double(value) else { return nil }
      varied.threshold = Threshold(text: value, value: number)
      if case .objective(let objective) = rule.condition {
        guard number < 100 else { return nil }
        varied.condition = .objective(objective.with(varied.threshold))
      }
    case .window:
      guard rule.kind != .objective, let window = PromDuration(value) else { return nil }
      varied.window = window
    case .hold:
      guard let hold = PromDuration(value) else { return nil }
      varied.holdFor = hold
    }
    return varied
  }
}

extension String {
  /// The two parts around the first `separator`, or the whole.
  fileprivate func components(around separator: String) -> [String] {
    guard let range = firstRange(of: separator) else { return [self] }
    return [String(self[..<range.lowerBound]), String(self[range.upperBound...])]
  }
}

import Libc
import OTLP
import Platform

/// The operators, on values of which the types are known only now. Where the types do not agree a comparison is false,
/// `!=` included; a missing value makes it false too.
extension Value {
  /// `left op right` for a comparison other than a regular expression.
  static func compare(_ comparison: BinaryOperator, _ left: Value, _ right: Value) -> Value {
    switch (left, right) {
    case (.unknown, _), (_, .unknown): return .unknown
    case (.string(let a), .string(let b)):
      if comparison == .equal { return .bool(a == b) }
      if comparison == .notEqual { return .bool(a != b) }
      return .bool(holds(comparison, order(a, b)))
    case (.int(let a), .int(let b)), (.duration(let a), .duration(let b)), (.int(let a), .duration(let b)),
      (.duration(let a), .int(let b)):
      return .bool(holds(comparison, a < b ? -1 : a > b ? 1 : 0))
    case (.float, .int), (.float, .float), (.float, .duration), (.int, .float), (.duration, .float):
      return .bool(holds(comparison, left.number ?? .nan, right.number ?? .nan))
    case (.bool(let a), .bool(let b)): return equality(comparison, a == b)
    case (.status(let a), .status(let b)): return equality(comparison, a == b)
    case (.kind(let a), .kind(let b)): return equality(comparison, a == b)
    case (.array, .array): return .bool(false)
    case (.array(let elements), _): return compare(comparison, elements, right)
    case (_, .array(let elements)): return compare(comparison.flipped, elements, left)
    default: return .bool(false)
    }
  }

  /// An array against a value: any element will do, but `!=` must hold for all.
  private static func compare(
    _ comparison: BinaryOperator, _ elements: RepeatedField<AnyValueView>, _ other: Value
  ) -> Value {
    every(elements, needsAll: comparison == .notEqual) { compare(comparison, $0, other).isTrue }
  }

  /// Whether any element passes, or all when `needsAll`. Elements that cannot be read do not pass.
  static func every(
    _ elements: RepeatedField<AnyValueView>, needsAll: Bool, _ passes: (Value) -> Bool
  ) -> Value {
    var rest = elements
    while let element = try? rest.next() {
      if passes(Value(element)) != needsAll { return .bool(!needsAll) }
    }
    return .bool(needsAll)
  }

  /// `left op right` for + - * / % ^. Between integers it stays an integer; otherwise it is a float, of nanoseconds
  /// where a duration takes part.
  static func calculate(_ arithmetic: BinaryOperator, _ left: Value, _ right: Value) -> Value {
    if case .int(let a) = left, case .int(let b) = right {
      switch arithmetic {
      case .add: return .int(a &+ b)
      case .subtract: return .int(a &- b)
      case .multiply: return .int(a &* b)
      case .divide: return b == 0 ? .missing : .int(b == -1 ? 0 &- a : a / b)
      case .modulo: return b == 0 ? .missing : .int(b == -1 ? 0 : a % b)
      default: return .int(Int(clamping: pow(Double(a), Double(b))))
      }
    }
    if left.isUnknown || right.isUnknown { return .unknown }
    guard let a = left.number, let b = right.number else { return .missing }
    switch arithmetic {
    case .add: return .float(a + b)
    case .subtract: return .float(a - b)
    case .multiply: return .float(a * b)
    case .divide: return .float(a / b)
    case .modulo: return .float(fmod(a, b))
    default: return .float(pow(a, b))
    }
  }

  /// `-value`.
  var negated: Value {
    switch self {
    case .unknown: .unknown
    case .int(let value): .int(0 &- value)
    case .duration(let value): .duration(0 &- value)
    case .float(let value): .float(-value)
    default: .missing
    }
  }

  /// Byte order: below zero, zero or above.
  private static func order(_ a: ByteView, _ b: ByteView) -> Int32 {
    let shared = memcmp(a.start, b.start, min(a.count, b.count))
    return shared != 0 ? shared : a.count < b.count ? -1 : a.count > b.count ? 1 : 0
  }

  private static func holds(_ comparison: BinaryOperator, _ order: Int32) -> Bool {
    switch comparison {
    case .equal: order == 0
    case .notEqual: order != 0
    case .less: order < 0
    case .lessOrEqual: order <= 0
    case .greater: order > 0
    default: order >= 0
    }
  }

  private static func holds(_ comparison: BinaryOperator, _ a: Double, _ b: Double) -> Bool {
    switch comparison {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    default: a >= b
    }
  }

  private static func equality(_ comparison: BinaryOperator, _ equal: Bool) -> Value {
    comparison == .equal ? .bool(equal) : comparison == .notEqual ? .bool(!equal) : .bool(false)
  }
}

extension Int {
  /// The nearest integer towards zero; out of range the nearest bound, 0 for NaN.
  init(clamping value: Double) {
    if value.isNaN {
      self = 0
    } else if value >= 9.2e18 {
      self = .max
    } else if value <= -9.2e18 {
      self = .min
    } else {
      self = Int(value)
    }
  }
}

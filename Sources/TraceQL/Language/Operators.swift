/// An operator between two values of one span.
public enum BinaryOperator: String, Hashable, Sendable, CaseIterable {
  case and = "&&"
  case or = "||"
  case equal = "="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case matches = "=~"
  case notMatches = "!~"
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case modulo = "%"
  case power = "^"

  /// How tightly it binds. `&&` and `||` bind alike, from the left, as in Tempo's grammar.
  var precedence: Int {
    switch self {
    case .and, .or: Precedence.logical
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .matches, .notMatches:
      Precedence.comparison
    case .add, .subtract: Precedence.additive
    case .multiply, .divide, .modulo: Precedence.multiplicative
    case .power: Precedence.power
    }
  }

  /// Whether it gives a boolean.
  var isBoolean: Bool { precedence <= Precedence.comparison }

  /// Whether it compares and yields a boolean without being logical or a regular expression.
  var isComparison: Bool { precedence == Precedence.comparison && self != .matches && self != .notMatches }

  /// Whether it may stand beside an operand of this type.
  func accepts(_ type: ValueType) -> Bool {
    switch type {
    case .attribute: true
    case .boolean: self == .and || self == .or || self == .equal || self == .notEqual
    case .int, .float, .duration: precedence >= Precedence.additive || isComparison
    case .string: precedence == Precedence.comparison
    case .nil, .status, .kind: self == .equal || self == .notEqual
    }
  }

  /// The operator that says the same with its operands swapped.
  public var flipped: BinaryOperator {
    switch self {
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    default: self
    }
  }
}

/// Binding strengths, weakest first.
enum Precedence {
  static let logical = 1
  static let comparison = 2
  static let additive = 3
  static let not = 4
  static let multiplicative = 5
  static let power = 6
}

/// An operator before one value.
public enum UnaryOperator: String, Hashable, Sendable {
  case not = "!"
  case minus = "-"

  var precedence: Int { self == .not ? Precedence.not : Precedence.additive }
}

/// An operator between two spansets.
public enum SpansetOperator: String, Hashable, Sendable, CaseIterable {
  case and = "&&"
  case or = "||"
  case child = ">"
  case parent = "<"
  case descendant = ">>"
  case ancestor = "<<"
  case sibling = "~"
  case notChild = "!>"
  case notParent = "!<"
  case notDescendant = "!>>"
  case notAncestor = "!<<"
  case notSibling = "!~"
  case unionChild = "&>"
  case unionParent = "&<"
  case unionDescendant = "&>>"
  case unionAncestor = "&<<"
  case unionSibling = "&~"

  var precedence: Int { self == .and || self == .or ? Precedence.logical : Precedence.comparison }
}

/// One word of a query.
struct Token: Equatable {
  enum Kind: Equatable {
    case end
    /// A name, a keyword or a function.
    case word(String)
    case string(String)
    case int(Int)
    case float(Double)
    /// Nanoseconds.
    case duration(Int)
    /// An operator or a bracket.
    case symbol(Symbol)
    /// `.name`, `span.name`, …
    case attribute(AttributeScope, String)
    /// `parent.name`, which no engine evaluates.
    case parentAttribute(String)
    /// `span:`, `trace:`, …; the intrinsic's name follows.
    case intrinsicScope(String)
  }

  var kind: Kind
  var range: SourceRange

  /// Operators and brackets.
  enum Symbol: String, CaseIterable {
    case openBrace = "{"
    case closeBrace = "}"
    case openParen = "("
    case closeParen = ")"
    case comma = ","
    case equal = "="
    case notEqual = "!="
    case matches = "=~"
    case notMatches = "!~"
    case greater = ">"
    case greaterOrEqual = ">="
    case less = "<"
    case lessOrEqual = "<="
    case add = "+"
    case subtract = "-"
    case divide = "/"
    case modulo = "%"
    case multiply = "*"
    case power = "^"
    case and = "&&"
    case or = "||"
    case not = "!"
    case pipe = "|"
    case descendant = ">>"
    case ancestor = "<<"
    case sibling = "~"
    case notChild = "!>"
    case notParent = "!<"
    case notDescendant = "!>>"
    case notAncestor = "!<<"
    case unionSibling = "&~"
    case unionChild = "&>"
    case unionParent = "&<"
    case unionDescendant = "&>>"
    case unionAncestor = "&<<"

    static let byText = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })
  }
}

extension Token.Kind {
  /// What an error message calls it.
  var noun: String {
    switch self {
    case .end: "end of query"
    case .word(let word): "\"\(word)\""
    case .string: "a string"
    case .int, .float: "a number"
    case .duration: "a duration"
    case .symbol(let symbol): "\"\(symbol.rawValue)\""
    case .attribute, .parentAttribute: "an attribute"
    case .intrinsicScope(let scope): "\"\(scope):\""
    }
  }
}

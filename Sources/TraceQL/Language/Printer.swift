/// The canonical text of a query: one blank around operators, parentheses only where they change the
/// meaning, the short form written out. Parsing it gives the same query.
extension Query: CustomStringConvertible {
  public var description: String {
    let text =
      switch body {
      case .search(let pipeline): pipeline.description
      case .metrics(let metrics): metrics.description
      }
    if hints.isEmpty { return text }
    return text + " with(" + hints.map { "\($0.name)=\($0.value)" }.joined(separator: ", ") + ")"
  }
}

extension SpansetPipeline: CustomStringConvertible {
  public var description: String { stages.map(\.description).joined(separator: " | ") }
}

extension Stage: CustomStringConvertible {
  public var description: String {
    switch self {
    case .spanset(let expression): expression.description
    case .scalar(let filter): "\(filter.aggregate) \(filter.comparison.rawValue) \(filter.value)"
    case .group(let expression): "by(\(expression))"
    case .coalesce: "coalesce()"
    case .select(let attributes): "select(" + attributes.map(\.description).joined(separator: ", ") + ")"
    }
  }
}

extension Aggregate: CustomStringConvertible {
  public var description: String { "\(function.rawValue)(\(expression.map(\.description) ?? ""))" }
}

extension SpansetExpression: CustomStringConvertible {
  public var description: String {
    switch self {
    case .filter(.literal(.bool(true), _)): return "{ }"
    case .filter(let expression): return "{ \(expression) }"
    case .pipeline(let pipeline): return "(\(pipeline))"
    case .operation(let spansetOperator, let left, let right, _):
      let precedence = spansetOperator.precedence
      return left.text(atLeast: precedence) + " \(spansetOperator.rawValue) " + right.text(atLeast: precedence + 1)
    }
  }

  private func text(atLeast precedence: Int) -> String {
    guard case .operation(let inner, _, _, _) = self, inner.precedence < precedence else { return description }
    return "(\(self))"
  }
}

extension FieldExpression: CustomStringConvertible {
  public var description: String {
    switch self {
    case .literal(let value, _): return value.description
    case .attribute(let attribute, _): return attribute.description
    case .exists(let operand, let negated, _):
      return operand.text(atLeast: Precedence.comparison) + (negated ? " = nil" : " != nil")
    case .unary(let unary, let operand, _):
      switch operand {
      case .binary, .exists: return "\(unary.rawValue)(\(operand))"
      default: return unary.rawValue + operand.description
      }
    case .binary(let binary, let left, let right, _):
      let precedence = binary.precedence
      let fromRight = binary == .power
      return left.text(atLeast: fromRight ? precedence + 1 : precedence) + " \(binary.rawValue) "
        + right.text(atLeast: fromRight ? precedence : precedence + 1)
    }
  }

  private func text(atLeast precedence: Int) -> String { bindingStrength < precedence ? "(\(self))" : description }

  /// How strongly the text as printed holds together.
  private var bindingStrength: Int {
    switch self {
    case .literal(let value, _): value.isNegative ? Precedence.additive : .max
    case .attribute: .max
    case .exists: Precedence.comparison
    // As the right operand of an additive operator a sign holds; before * it would take the product.
    case .unary: Precedence.not
    case .binary(let binary, _, _, _): binary.precedence
    }
  }
}

extension Literal: CustomStringConvertible {
  public var description: String {
    switch self {
    case .int(.min): return "minInt"
    case .int(let value): return String(value)
    case .float(let value): return Literal.text(of: value)
    case .string(let value): return Literal.quoted(value)
    case .bool(let value): return value ? "true" : "false"
    case .duration(let value):
      // The shortest duration has no positive counterpart; its text is out of reach of the parser too.
      return value < 0 ? "-" + QueryDuration.text(value == .min ? .max : -value) : QueryDuration.text(value)
    case .status(let value): return value.queryName
    case .kind(let value): return value.queryName
    }
  }

  var isNegative: Bool {
    switch self {
    case .int(let value): value < 0 && value != .min
    case .duration(let value): value < 0
    case .float(let value): value.sign == .minus
    default: false
    }
  }

  /// The shortest text that reads back as the same number, and never as an integer.
  static func text(of value: Double) -> String {
    let text = value.description
    return text.contains(where: { $0 == "." || $0 == "e" }) ? text : text + ".0"
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\x" + (digits.count < 2 ? "0" : "") + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

extension Attribute: CustomStringConvertible {
  public var description: String {
    switch self {
    case .intrinsic(let intrinsic): return intrinsic.rawValue
    case .named(let scope, let name):
      // Without a scope, a name that begins with a digit would read as a number.
      let startsNumber = scope == .any && name.utf8.first.map { $0 >= 0x30 && $0 <= 0x39 } ?? false
      let plain = !name.isEmpty && !startsNumber && !name.unicodeScalars.contains(where: \.endsAttributeName)
      let escaped =
        plain
        ? name
        : "\""
          + name.reduce(into: "") { text, character in
            for scalar in character.unicodeScalars {
              if scalar == "\"" || scalar == "\\" { text += "\\" }
              text.unicodeScalars.append(scalar)
            }
          } + "\""
      return "\(scope.rawValue).\(escaped)"
    }
  }
}

extension Unicode.Scalar {
  /// Whether an attribute name with this character has to be quoted.
  fileprivate var endsAttributeName: Bool {
    properties.isWhitespace || "{}()=~!<>&|^,\"".unicodeScalars.contains(self)
  }
}

extension MetricsFunction: CustomStringConvertible {
  public var description: String {
    switch self {
    case .rate, .countOverTime: return "\(name)()"
    case .minOverTime(let attribute), .maxOverTime(let attribute), .sumOverTime(let attribute),
      .avgOverTime(let attribute), .histogramOverTime(let attribute):
      return "\(name)(\(attribute))"
    case .quantileOverTime(let attribute, let quantiles):
      return "\(name)(\(attribute), " + quantiles.map(Literal.text).joined(separator: ", ") + ")"
    case .compare(let filter, let top, let window):
      let selection = "\(name)(\(SpansetExpression.filter(filter))"
      if let window { return selection + ", \(top), \(window.start), \(window.end))" }
      return selection + (top == 10 ? ")" : ", \(top))")
    }
  }
}

extension MetricsExpression: CustomStringConvertible {
  public var description: String {
    switch self {
    case .pipeline(let metrics):
      let by = metrics.by.isEmpty ? "" : " by (" + metrics.by.map(\.description).joined(separator: ", ") + ")"
      return "\(metrics.pipeline) | \(metrics.function)\(by)"
    case .second(.topk(let count), let operand): return "\(operand) | topk(\(count))"
    case .second(.bottomk(let count), let operand): return "\(operand) | bottomk(\(count))"
    case .second(.filter(let comparison, let value), let operand):
      return "\(operand) \(comparison.rawValue) \(value)"
    case .scalar(let binary, let value, let operand, let scalarOnLeft):
      let factor = value.isNegative ? "(\(value))" : value.description
      return scalarOnLeft
        ? "\(factor) \(binary.rawValue) \(operand.operandText(of: binary, onRight: true))"
        : "\(operand.operandText(of: binary, onRight: false)) \(binary.rawValue) \(factor)"
    case .binary(let binary, let left, let right):
      return left.operandText(of: binary, onRight: false) + " \(binary.rawValue) "
        + right.operandText(of: binary, onRight: true)
    }
  }

  private func operandText(of outer: BinaryOperator, onRight: Bool) -> String {
    switch self {
    case .scalar(let inner, _, _, _), .binary(let inner, _, _):
      let needed = onRight ? outer.precedence + 1 : outer.precedence
      return inner.precedence < needed ? "(\(self))" : description
    case .pipeline, .second: return "(\(self))"
    }
  }
}

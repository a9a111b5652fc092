import OTLP
import Platform

/// One operation of a compiled expression. Operands are numbers of other operations in the same program.
enum Operation {
  case literal(Int32)
  case slot(Int32)
  case not(Int32)
  case negate(Int32)
  case exists(Int32, negated: Bool)
  case and(Int32, Int32)
  case or(Int32, Int32)
  case compare(BinaryOperator, Int32, Int32)
  case matches(Int32, regex: Int32, negated: Bool)
  case calculate(BinaryOperator, Int32, Int32)
  /// A comparison that holds if it does for any of the several values of a slot.
  case any(slot: Int32, Int32)
}

/// Everything of a query that is evaluated per span, compiled once and shared by all threads.
///
/// Every attribute and intrinsic has a slot: what reads spans fills slots, what evaluates expressions reads them.
///
/// Invariant: `literals` point into `texts`, which are allocated in `add` and freed in `deinit`, and nothing changes
/// after compilation; hence `@unchecked Sendable`.
final class Program: @unchecked Sendable {
  /// Most attributes and intrinsics one query may read.
  static let maximumSlots = 64

  private(set) var operations: ContiguousArray<Operation> = []
  private(set) var literals: ContiguousArray<Value> = []
  private(set) var regexes: [RegularExpression] = []
  /// What is in each slot.
  private(set) var slots: [Attribute] = []
  /// The key under which spans, resources, … hold what is in each slot; empty for intrinsics.
  private(set) var keys: [ByteView] = []
  private var texts: [UnsafeMutableRawBufferPointer] = []

  init() {}

  deinit { for text in texts { text.deallocate() } }

  /// The slot of an attribute.
  func slot(of attribute: Attribute) throws(EngineError) -> Int32 {
    if let index = slots.firstIndex(of: attribute) { return Int32(index) }
    guard slots.count < Program.maximumSlots else { throw .tooManyAttributes(limit: Program.maximumSlots) }
    slots.append(attribute)
    if case .named(_, let name) = attribute { keys.append(text(name)) } else { keys.append(.empty) }
    return Int32(slots.count - 1)
  }

  /// Compiles an expression; the number of its topmost operation.
  func compile(_ expression: FieldExpression) throws(EngineError) -> Int32 {
    switch expression {
    case .literal(let literal, _): return add(.literal(add(value(of: literal))))
    case .attribute(let attribute, _): return add(.slot(try slot(of: attribute)))
    case .unary(let unary, let operand, _):
      let operand = try compile(operand)
      return add(unary == .not ? .not(operand) : .negate(operand))
    case .exists(let operand, let negated, _): return add(.exists(try compile(operand), negated: negated))
    case .binary(let binary, let left, let right, _): return try compile(binary, left, right)
    }
  }

  private func compile(
    _ binary: BinaryOperator, _ left: FieldExpression, _ right: FieldExpression
  ) throws(EngineError) -> Int32 {
    if binary == .matches || binary == .notMatches {
      guard case .literal(.string(let pattern), _) = right, let regex = RegularExpression(pattern) else {
        throw .invalidRegex("\(right)")
      }
      regexes.append(regex)
      let index = Int32(regexes.count - 1)
      let match = add(.matches(try compile(left), regex: index, negated: binary == .notMatches))
      return try anyOfSeveral(left, match)
    }
    // Trace ids are compared without leading zeros, as Tempo writes them.
    let a = try compile(right.isTraceID ? left.withoutLeadingZeros : left)
    let b = try compile(left.isTraceID ? right.withoutLeadingZeros : right)
    switch binary {
    case .and: return add(.and(a, b))
    case .or: return add(.or(a, b))
    case _ where binary.isComparison:
      return try anyOfSeveral(left, try anyOfSeveral(right, add(.compare(binary, a, b))))
    default: return add(.calculate(binary, a, b))
    }
  }

  /// A span has several events and links; a comparison with one of their attributes holds if it does for any.
  private func anyOfSeveral(_ operand: FieldExpression, _ comparison: Int32) throws(EngineError) -> Int32 {
    guard case .attribute(let attribute, _) = operand, attribute.element != nil else { return comparison }
    return add(.any(slot: try slot(of: attribute), comparison))
  }

  private func add(_ operation: Operation) -> Int32 {
    operations.append(operation)
    return Int32(operations.count - 1)
  }

  private func add(_ literal: Value) -> Int32 {
    literals.append(literal)
    return Int32(literals.count - 1)
  }

  private func value(of literal: Literal) -> Value {
    switch literal {
    case .int(let value): return .int(value)
    case .float(let value): return .float(value)
    case .bool(let value): return .bool(value)
    case .duration(let value): return .duration(value)
    case .status(let value): return .status(value)
    case .kind(let value): return .kind(value)
    case .string(let value): return .string(text(value))
    }
  }

  /// A copy of the text that lives as long as the program.
  func text(_ text: String) -> ByteView {
    let bytes = Array(text.utf8)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 8)
    memory.copyBytes(from: bytes)
    texts.append(memory)
    return ByteView(UnsafeRawBufferPointer(rebasing: memory[..<bytes.count]))
  }
}

extension FieldExpression {
  fileprivate var isTraceID: Bool {
    if case .attribute(.intrinsic(.traceID), _) = self { true } else { false }
  }

  fileprivate var withoutLeadingZeros: FieldExpression {
    guard case .literal(.string(let id), let range) = self else { return self }
    return .literal(.string(String(id.drop { $0 == "0" })), range)
  }
}

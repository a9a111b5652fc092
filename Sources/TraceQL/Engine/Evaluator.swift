import Platform

/// Evaluates the expressions of a program over slots, on one thread.
///
/// Invariants: `slots` holds `count` initialised values and is owned; operand numbers come from the program's compiler
/// and lie inside its arrays. Values are trivial, so that memory can be copied and freed without further ado.
final class Evaluator {
  let program: Program
  let count: Int
  /// What the expressions read.
  private(set) var slots: UnsafeMutablePointer<Value>
  private let own: UnsafeMutablePointer<Value>
  private let operations: UnsafeMutableBufferPointer<Operation>
  private let literals: UnsafeMutableBufferPointer<Value>
  private var matchers: [RegexMatcher]
  /// The slots with a value for each event or link.
  let elementSlots: [ElementSlot]

  init(_ program: Program) {
    self.program = program
    count = program.slots.count
    elementSlots = program.slots.enumerated().compactMap { slot, attribute in
      attribute.element.map { ElementSlot(slot: slot, element: $0) }
    }
    own = .allocate(capacity: max(1, count))
    own.initialize(repeating: .missing, count: max(1, count))
    slots = own
    // Copies, so that evaluating goes through no array header.
    operations = .allocate(capacity: program.operations.count)
    _ = operations.initialize(from: program.operations)
    literals = .allocate(capacity: program.literals.count)
    _ = literals.initialize(from: program.literals)
    matchers = program.regexes.compactMap { RegexMatcher($0) }
  }

  deinit {
    own.deallocate()
    operations.deallocate()
    literals.deallocate()
  }

  /// Whether a regular expression was given up on a value.
  var reachedRegexLimit: Bool { matchers.contains { $0.reachedLimit } }

  /// Lets the expressions read `other` instead, which must hold `count` values, until called with nil.
  func read(from other: UnsafeMutablePointer<Value>?) { slots = other ?? own }

  /// Which of the operations `leaves` are true or open for what `base` holds, by their places.
  func findOpen(_ leaves: [Int32], knowing base: UnsafeMutablePointer<Value>?, into open: inout ContiguousArray<Int>) {
    open.removeAll(keepingCapacity: true)
    read(from: base)
    defer { read(from: nil) }
    for (index, leaf) in leaves.enumerated() {
      let value = evaluate(leaf)
      if value.isTrue || value.isUnknown { open.append(index) }
    }
  }

  /// The value of an operation.
  func evaluate(_ index: Int32) -> Value {
    switch operations[Int(index)] {
    case .literal(let literal): return literals[Int(literal)]
    case .slot(let slot): return slots[Int(slot)].first
    case .compare(let comparison, let left, let right):
      return Value.compare(comparison, evaluate(left), evaluate(right))
    case .and(let left, let right):
      let a = evaluate(left)
      if !a.isTrue, !a.isUnknown { return .bool(false) }
      let b = evaluate(right)
      if b.isUnknown { return .unknown }
      return b.isTrue ? a : .bool(false)
    case .or(let left, let right):
      let a = evaluate(left)
      if a.isTrue { return a }
      let b = evaluate(right)
      if b.isTrue { return b }
      return a.isUnknown || b.isUnknown ? .unknown : .bool(false)
    case .not(let operand):
      switch evaluate(operand) {
      case .bool(let value): return .bool(!value)
      case .unknown: return .unknown
      default: return .missing
      }
    case .negate(let operand): return evaluate(operand).negated
    case .exists(let operand, let negated):
      let value = evaluate(operand)
      return value.isUnknown ? .unknown : .bool(value.isMissing == negated)
    case .matches(let operand, let regex, let negated): return match(evaluate(operand), Int(regex), negated)
    case .calculate(let arithmetic, let left, let right):
      return Value.calculate(arithmetic, evaluate(left), evaluate(right))
    case .any(let slot, let comparison): return any(Int(slot), comparison)
    }
  }

  private func match(_ value: Value, _ regex: Int, _ negated: Bool) -> Value {
    guard regex < matchers.count else { return .missing }
    switch value {
    case .unknown: return .unknown
    case .string(let text): return .bool(matchers[regex].matches(text) != negated)
    case .array(let elements):
      // A negated match has to hold for every element.
      return Value.every(elements, needsAll: negated) { match($0, regex, negated).isTrue }
    default: return .bool(false)
    }
  }

  private func any(_ slot: Int, _ comparison: Int32) -> Value {
    guard case .several = slots[slot] else { return evaluate(comparison) }
    let all = slots[slot]
    defer { slots[slot] = all }
    for index in 0..<all.elementCount {
      slots[slot] = all.element(index)
      if evaluate(comparison).isTrue { return .bool(true) }
    }
    return .bool(false)
  }
}

/// What a span has several of.
enum SpanElement {
  case event, link
}

extension Attribute {
  /// What of the span it belongs to, where a span can have several values of it.
  var element: SpanElement? {
    switch self {
    case .named(.event, _): .event
    case .named(.link, _): .link
    case .intrinsic(let intrinsic):
      switch intrinsic {
      case .eventName, .eventTimeSinceStart: .event
      case .linkSpanID, .linkTraceID: .link
      default: nil
      }
    case .named: nil
    }
  }
}

/// A slot that holds a value for each event, or for each link.
struct ElementSlot {
  let slot: Int
  let element: SpanElement
}

/// Some of a span's events or links, by number. Those beyond the 127th share the last bit.
struct ElementSet: Equatable {
  private var bits: UInt128 = 0

  static let all = ElementSet(bits: .max)
  static let none = ElementSet(bits: 0)

  var isEmpty: Bool { bits == 0 }

  func contains(_ index: Int) -> Bool { bits >> UInt128(min(index, 127)) & 1 == 1 }
  mutating func insert(_ index: Int) { bits |= 1 << UInt128(min(index, 127)) }
  func union(_ other: ElementSet) -> ElementSet { ElementSet(bits: bits | other.bits) }
  func intersection(_ other: ElementSet) -> ElementSet { ElementSet(bits: bits & other.bits) }
}

/// Which events and links made a span pass, by the number of the slot among `Evaluator.elementSlots`.
///
/// A comparison with `event.x` holds for a span if it does for any event. What the span shows, is grouped by and counted
/// under afterwards are the values of the events for which it did.
typealias ElementMarks = UnsafeMutablePointer<ElementSet>

extension Evaluator {
  /// Notes which elements made an expression true that is true.
  func mark(_ operation: Int32, into marks: ElementMarks) {
    switch program.operations[Int(operation)] {
    case .and(let left, let right):
      mark(left, into: marks)
      mark(right, into: marks)
    case .or(let left, let right):
      if evaluate(left).isTrue { mark(left, into: marks) }
      if evaluate(right).isTrue { mark(right, into: marks) }
    case .any(let slot, let comparison):
      guard let number = elementSlots.firstIndex(where: { $0.slot == slot }) else { return }
      let all = slots[Int(slot)]
      defer { slots[Int(slot)] = all }
      for index in 0..<all.elementCount {
        slots[Int(slot)] = all.element(index)
        guard evaluate(comparison).isTrue else { continue }
        marks[number].insert(index)
        mark(comparison, into: marks)
      }
    case .exists(let operand, negated: false):
      guard case .slot(let slot) = program.operations[Int(operand)],
        let number = elementSlots.firstIndex(where: { $0.slot == slot })
      else { return }
      for index in 0..<slots[Int(slot)].elementCount where !slots[Int(slot)].element(index).isMissing {
        marks[number].insert(index)
      }
    default: return
    }
  }

  /// Leaves in the slots only the values of elements that were marked.
  func narrow(_ slots: UnsafeMutablePointer<Value>, to marks: ElementMarks, _ arena: ValueArena) {
    for element in [SpanElement.event, .link] {
      var shared = ElementSet.all
      var any = ElementSet.none
      for (number, known) in elementSlots.enumerated() where known.element == element && !marks[number].isEmpty {
        shared = shared.intersection(marks[number])
        any = any.union(marks[number])
      }
      guard !any.isEmpty else { continue }
      // Where no element passed every comparison, different ones made the span pass.
      if shared.isEmpty { shared = any }
      for (number, known) in elementSlots.enumerated() where known.element == element {
        let own = marks[number].isEmpty ? shared : marks[number].intersection(shared)
        slots[known.slot] = arena.narrowed(slots[known.slot], to: own.isEmpty ? marks[number] : own)
      }
    }
  }

  /// The element slots among some slots.
  func elements(among slots: [Int]) -> [ElementSlot] { elementSlots.filter { slots.contains($0.slot) } }

  /// The element slots that an expression reads.
  func elements(readBy operation: Int32) -> [ElementSlot] {
    if elementSlots.isEmpty { return [] }
    var read: [Int] = []
    var pending = [operation]
    while let next = pending.popLast() {
      switch program.operations[Int(next)] {
      case .literal: continue
      case .slot(let slot): read.append(Int(slot))
      case .not(let operand), .negate(let operand), .exists(let operand, _), .matches(let operand, _, _):
        pending.append(operand)
      case .and(let left, let right), .or(let left, let right), .compare(_, let left, let right),
        .calculate(_, let left, let right):
        pending += [left, right]
      case .any(_, let comparison): pending.append(comparison)
      }
    }
    return elements(among: read)
  }

  /// Calls `body` with one element after the other in place of all: once for every event, and for each of these once for
  /// every link, as far as `elements` has any. Those that have none of the attributes are passed over, unless all are.
  func forEachElement(_ elements: [ElementSlot], _ body: () -> Void) {
    forEachElement(elements.filter { $0.element == .event }.map(\.slot)) {
      forEachElement(elements.filter { $0.element == .link }.map(\.slot), body)
    }
  }

  private func forEachElement(_ read: [Int], _ body: () -> Void) {
    if read.isEmpty { return body() }
    let slots = slots
    let all = read.map { slots[$0] }
    defer { for (slot, value) in zip(read, all) { slots[slot] = value } }
    var isSeen = false
    for index in 0..<(all.map(\.elementCount).max() ?? 0) {
      var isThere = false
      for (slot, values) in zip(read, all) {
        slots[slot] = values.element(index)
        if !slots[slot].isMissing { isThere = true }
      }
      guard isThere else { continue }
      isSeen = true
      body()
    }
    if !isSeen {
      for slot in read { slots[slot] = .missing }
      body()
    }
  }
}

extension ValueArena {
  /// Several values, those of other elements taken out.
  func narrowed(_ values: Value, to elements: ElementSet) -> Value {
    var kept = Value.missing
    for index in 0..<values.elementCount where elements.contains(index) {
      put(values.element(index), at: index, in: &kept)
    }
    return kept
  }
}

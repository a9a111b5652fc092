import OTLP
import Platform

/// Fills the slots of an evaluator from spans, on one thread.
///
/// Invariants: `base` and the evaluator's slots hold `count` values each. Values point into the trace data, which the
/// caller keeps alive, or into `arena`, which is emptied between spans (or traces) by the caller.
final class SlotReader {
  /// A key of an attribute that the query reads.
  private struct Wanted {
    let key: ByteView
    let slot: Int
    /// Whether other places are looked at too, this one only when the attribute is in none before.
    let isFallback: Bool
  }

  let count: Int
  /// What is known from the resource and the scope; unknown where the span has to be read.
  let base: UnsafeMutablePointer<Value>
  /// Where values live that stand nowhere in the trace data.
  let arena = ValueArena()

  private var resource: [Wanted] = []
  private var span: [Wanted] = []
  private var event: [Wanted] = []
  private var link: [Wanted] = []
  private var scope: [Wanted] = []
  private var intrinsics: [(Intrinsic, Int)] = []
  private var scopeName: Int?
  private var scopeVersion: Int?
  /// Slots that only the attributes of a span, its events or its links fill.
  private var attributeSlots: [Int] = []

  /// Whether the status, which stands behind the attributes, is read.
  let needsStatus: Bool
  /// Whether any slot is filled from attributes, events or links of the span.
  var needsAttributes: Bool { !attributeSlots.isEmpty }
  private var needsEventsOrLinks = false
  /// Whether reading a span puts values into the arena.
  let usesArena: Bool

  init(_ program: Program) {
    count = program.slots.count
    base = .allocate(capacity: max(1, count))
    base.initialize(repeating: .missing, count: max(1, count))
    var needsStatus = false
    for (slot, attribute) in program.slots.enumerated() {
      switch attribute {
      case .intrinsic(.instrumentationName): scopeName = slot
      case .intrinsic(.instrumentationVersion): scopeVersion = slot
      case .intrinsic(let intrinsic):
        intrinsics.append((intrinsic, slot))
        if intrinsic == .status || intrinsic == .statusMessage { needsStatus = true }
        if attribute.isSeveral {
          attributeSlots.append(slot)
          needsEventsOrLinks = true
        }
      case .named(let place, let name):
        let key = program.text(name)
        let any = place == .any
        if place == .resource || any { resource.append(Wanted(key: key, slot: slot, isFallback: false)) }
        if place == .instrumentation || any { scope.append(Wanted(key: key, slot: slot, isFallback: any)) }
        if place == .span || any { span.append(Wanted(key: key, slot: slot, isFallback: false)) }
        if place == .event || any { event.append(Wanted(key: key, slot: slot, isFallback: any)) }
        if place == .link || any { link.append(Wanted(key: key, slot: slot, isFallback: any)) }
        if place != .resource, place != .instrumentation { attributeSlots.append(slot) }
        if place == .event || place == .link || any { needsEventsOrLinks = true }
      }
    }
    self.needsStatus = needsStatus
    usesArena = program.slots.contains { $0.isSeveral || $0.isIdentifier }
    resourceValues = Array(repeating: .missing, count: max(1, count))
  }

  deinit { base.deallocate() }

  /// What the resource alone gives.
  private var resourceValues: [Value]
  /// What the resource and the scope give where the span itself does not have the attribute.
  private var inherited: [Value] = []

  // MARK: Resource and scope

  /// Takes in a resource. Afterwards `base` says what is known without its scopes and spans.
  func enter(resource view: ResourceView) throws(WireError) {
    for index in 0..<count { resourceValues[index] = .missing }
    if !resource.isEmpty { try read(view.attributes, resource, into: &resourceValues) }
    for index in 0..<count { base[index] = resourceValues[index] }
    for wanted in scope where !wanted.isFallback { base[wanted.slot] = .unknown }
    if let scopeName { base[scopeName] = .unknown }
    if let scopeVersion { base[scopeVersion] = .unknown }
    hideSpanSlots()
  }

  /// Takes in a scope of the resource entered last. Afterwards `base` says what is known without its spans.
  func enter(scope view: ScopeView) throws(WireError) {
    inherited = resourceValues
    if let scopeName { inherited[scopeName] = .string(view.name) }
    if let scopeVersion { inherited[scopeVersion] = .string(view.version) }
    scopeFallback.removeAll(keepingCapacity: true)
    if !scope.isEmpty {
      var found = [Value](repeating: .missing, count: max(1, count))
      try read(view.attributes, scope, into: &found)
      for wanted in scope {
        if !wanted.isFallback {
          inherited[wanted.slot] = found[wanted.slot]
        } else if !found[wanted.slot].isMissing {
          scopeFallback.append((wanted.slot, found[wanted.slot]))
        }
      }
    }
    for index in 0..<count { base[index] = inherited[index] }
    hideSpanSlots()
  }

  private var scopeFallback: [(slot: Int, value: Value)] = []

  private func hideSpanSlots() {
    for slot in attributeSlots { base[slot] = .unknown }
    for (_, slot) in intrinsics { base[slot] = .unknown }
  }

  private func read(
    _ attributes: RepeatedField<KeyValueView>, _ wanted: [Wanted], into values: inout [Value]
  ) throws(WireError) {
    var rest = attributes
    while let attribute = try rest.next() {
      for want in wanted where want.key == attribute.key {
        if values[want.slot].isMissing { values[want.slot] = Value(try attribute.value) }
      }
    }
  }

  // MARK: Spans

  /// Fills what the header of a span gives. Slots of the whole trace stay unknown.
  @inline(__always)
  func fillHeader(_ header: SpanHeader, into slots: UnsafeMutablePointer<Value>) {
    slots.update(from: base, count: count)
    for (intrinsic, slot) in intrinsics {
      switch intrinsic {
      case .duration: slots[slot] = .duration(header.duration)
      case .name: slots[slot] = .string(header.name)
      case .status: slots[slot] = .status(StatusCode(wire: header.statusCode))
      case .statusMessage: slots[slot] = .string(header.statusMessage)
      case .kind: slots[slot] = .kind(SpanKind(wire: header.kind))
      case .traceID: slots[slot] = .string(arena.hexadecimal(header.traceID, trimmed: true))
      case .spanID: slots[slot] = .string(arena.hexadecimal(header.spanID, trimmed: false))
      case .parentID: slots[slot] = .string(arena.hexadecimal(header.parentID, trimmed: false))
      default: break
      }
    }
  }

  /// Fills what the attributes, events and links of a span give; afterwards only slots of the whole trace are unknown.
  func fillAttributes(_ header: SpanHeader, into slots: UnsafeMutablePointer<Value>) throws(WireError) {
    for slot in attributeSlots { slots[slot] = .missing }
    var hasEventsOrLinks = false
    var cursor = WireCursor(header.rest)
    while let tag = try cursor.nextTag() {
      switch tag.rawValue {
      case 9 << 3 | 2: try fillAttribute(cursor.bytes(), into: slots)
      case 11 << 3 | 2, 13 << 3 | 2:
        hasEventsOrLinks = true
        _ = try cursor.bytes()
      default: try cursor.skip(tag)
      }
    }
    for want in resource where slots[want.slot].isMissing { slots[want.slot] = inherited[want.slot] }
    if hasEventsOrLinks, needsEventsOrLinks { try fillEventsAndLinks(header, into: slots) }
    for (slot, value) in scopeFallback where slots[slot].isMissing { slots[slot] = value }
  }

  @inline(__always)
  private func fillAttribute(_ message: ByteView, into slots: UnsafeMutablePointer<Value>) throws(WireError) {
    let attribute = try KeyValueView(message)
    for want in span where want.key == attribute.key {
      if slots[want.slot].isMissing { slots[want.slot] = Value(try attribute.value) }
    }
  }

  private func fillEventsAndLinks(_ header: SpanHeader, into slots: UnsafeMutablePointer<Value>) throws(WireError) {
    var events = RepeatedField<EventView>(header.rest, field: 11)
    while let view = try events.next() {
      for (intrinsic, slot) in intrinsics {
        if intrinsic == .eventName { arena.add(.string(view.name), to: &slots[slot]) }
        if intrinsic == .eventTimeSinceStart {
          arena.add(.duration(Int(truncatingIfNeeded: view.timeUnixNano &- header.start)), to: &slots[slot])
        }
      }
      if !event.isEmpty { try fill(view.attributes, event, into: slots) }
    }
    var links = RepeatedField<LinkView>(header.rest, field: 13)
    while let view = try links.next() {
      for (intrinsic, slot) in intrinsics {
        if intrinsic == .linkTraceID {
          arena.add(.string(arena.hexadecimal(view.traceID, trimmed: false)), to: &slots[slot])
        }
        if intrinsic == .linkSpanID {
          arena.add(.string(arena.hexadecimal(view.spanID, trimmed: false)), to: &slots[slot])
        }
      }
      if !link.isEmpty { try fill(view.attributes, link, into: slots) }
    }
  }

  private func fill(
    _ attributes: RepeatedField<KeyValueView>, _ wanted: [Wanted], into slots: UnsafeMutablePointer<Value>
  ) throws(WireError) {
    var rest = attributes
    while let attribute = try rest.next() {
      for want in wanted where want.key == attribute.key {
        if !want.isFallback {
          arena.add(Value(try attribute.value), to: &slots[want.slot])
        } else if slots[want.slot].isMissing {
          slots[want.slot] = Value(try attribute.value)
        }
      }
    }
  }
}

extension Attribute {
  /// Whether it is an id, which results and queries hold as text.
  fileprivate var isIdentifier: Bool {
    self == .intrinsic(.traceID) || self == .intrinsic(.spanID) || self == .intrinsic(.parentID)
  }
}

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
  /// Whether any slot is filled from resources, scopes or spans, not only from whole traces.
  let readsSpans: Bool
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
        if attribute.element != nil {
          attributeSlots.append(slot)
          needsEventsOrLinks = true
        }
      case .named(let place, _):
        let wanted = Wanted(key: program.keys[slot], slot: slot)
        switch place {
        case .any:
          span.append(wanted)
          resource.append(wanted)
        case .resource: resource.append(wanted)
        case .span: span.append(wanted)
        case .event: event.append(wanted)
        case .link: link.append(wanted)
        case .instrumentation: scope.append(wanted)
        }
        if place != .resource, place != .instrumentation { attributeSlots.append(slot) }
        if place == .event || place == .link { needsEventsOrLinks = true }
      }
    }
    self.needsStatus = needsStatus
    readsSpans = program.slots.contains {
      if case .intrinsic(let intrinsic) = $0 { !intrinsic.needsTrace } else { true }
    }
    usesArena = program.slots.contains { $0.element != nil || $0.isIdentifier }
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
    for wanted in scope { base[wanted.slot] = .unknown }
    if let scopeName { base[scopeName] = .unknown }
    if let scopeVersion { base[scopeVersion] = .unknown }
    hideSpanSlots()
  }

  /// Takes in a scope of the resource entered last. Afterwards `base` says what is known without its spans.
  func enter(scope view: ScopeView) throws(WireError) {
    inherited = resourceValues
    if let scopeName { inherited[scopeName] = .string(view.name) }
    if let scopeVersion { inherited[scopeVersion] = .string(view.version) }
    if !scope.isEmpty { try read(view.attributes, scope, into: &inherited) }
    for index in 0..<count { base[index] = inherited[index] }
    hideSpanSlots()
  }

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
    var index = 0
    while let view = try events.next() {
      for (intrinsic, slot) in intrinsics {
        if intrinsic == .eventName { arena.put(.string(view.name), at: index, in: &slots[slot]) }
        if intrinsic == .eventTimeSinceStart {
          let time = Int(truncatingIfNeeded: view.timeUnixNano &- header.start)
          arena.put(.duration(time), at: index, in: &slots[slot])
        }
      }
      if !event.isEmpty { try fill(view.attributes, event, at: index, into: slots) }
      index += 1
    }
    var links = RepeatedField<LinkView>(header.rest, field: 13)
    index = 0
    while let view = try links.next() {
      for (intrinsic, slot) in intrinsics {
        if intrinsic == .linkTraceID {
          arena.put(.string(arena.hexadecimal(view.traceID, trimmed: false)), at: index, in: &slots[slot])
        }
        if intrinsic == .linkSpanID {
          arena.put(.string(arena.hexadecimal(view.spanID, trimmed: false)), at: index, in: &slots[slot])
        }
      }
      if !link.isEmpty { try fill(view.attributes, link, at: index, into: slots) }
      index += 1
    }
  }

  private func fill(
    _ attributes: RepeatedField<KeyValueView>, _ wanted: [Wanted], at index: Int,
    into slots: UnsafeMutablePointer<Value>
  ) throws(WireError) {
    var rest = attributes
    while let attribute = try rest.next() {
      for want in wanted where want.key == attribute.key {
        arena.put(Value(try attribute.value), at: index, in: &slots[want.slot])
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

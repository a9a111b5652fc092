import OTLP
import Platform

/// Reading: the attributes of the span at hand and of its resource that labels, weights and the service graph need, found
/// in one pass over each.
///
/// Invariants: `values` and `resourceValues` have room for a view of every attribute in `keys`; views in them are valid
/// while the request they came from is, those whose bit is in `found` and `resourceFound`.
struct AttributeReader: ~Copyable {
  let keys: AttributeKeys
  private let multiplierKey: Int?
  private let usesTraceState: Bool
  private let values: UnsafeMutablePointer<ByteView>
  private let resourceValues: UnsafeMutablePointer<ByteView>
  /// Which attributes the span and the resource have.
  private(set) var found: UInt64 = 0
  private(set) var resourceFound: UInt64 = 0
  private var scratch = ByteBuffer(capacity: 256)

  /// - Parameter names: the attributes to look for, besides that of the configuration's multiplier.
  init(_ configuration: SpanMetricsConfiguration, _ names: [String]) {
    var names = names
    if let multiplier = configuration.multiplierAttribute {
      multiplierKey = names.count
      names.append(multiplier)
    } else {
      multiplierKey = nil
    }
    usesTraceState = configuration.usesTraceState
    keys = AttributeKeys(names)
    values = .allocate(capacity: max(1, names.count))
    values.initialize(repeating: .empty, count: max(1, names.count))
    resourceValues = .allocate(capacity: max(1, names.count))
    resourceValues.initialize(repeating: .empty, count: max(1, names.count))
  }

  deinit {
    values.deallocate()
    resourceValues.deallocate()
  }

  mutating func read(resource: ResourceView) throws(WireError) {
    resourceFound = keys.count == 0 ? 0 : try keys.find(in: resource.attributes, resourceValues)
  }

  @inline(__always)
  mutating func read(_ span: SpanView) throws(WireError) {
    if keys.count > 0 { found = try keys.find(in: span.attributes, values) }
  }

  /// The span's attribute, an AnyValue.
  func spanValue(_ key: Int) -> ByteView? { found & (1 << UInt64(key)) != 0 ? values[key] : nil }

  /// The resource's attribute, an AnyValue.
  func resourceValue(_ key: Int) -> ByteView? { resourceFound & (1 << UInt64(key)) != 0 ? resourceValues[key] : nil }

  /// The text of an AnyValue, as label values have it; valid until the next call.
  mutating func text(_ message: ByteView) throws(WireError) -> ByteView {
    let value = try AnyValueView(message)
    if case .string(let text) = value { return text }
    scratch.removeAll()
    try AttributeText.append(value, to: &scratch, depth: 0)
    return scratch.view
  }

  /// How often a span counts: as its tracestate says, else 1 / ratio when it, or its resource, has a ratio above 0.
  func weight(_ span: SpanView) throws(WireError) -> Weight {
    if usesTraceState, !span.traceState.isEmpty, let count = SamplingThreshold.adjustedCount(span.traceState) {
      return Weight(count)
    }
    guard let key = multiplierKey else { return .one }
    for message in [spanValue(key), resourceValue(key)] {
      if let message, case .double(let ratio) = try AnyValueView(message), ratio > 0 { return Weight(1 / ratio) }
    }
    return .one
  }
}

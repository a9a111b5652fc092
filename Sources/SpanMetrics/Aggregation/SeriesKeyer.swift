import OTLP
import Platform

/// Keying: which series a span belongs to. One hash of its name and one probe; nothing is allocated unless the series is
/// new.
///
/// Invariant: `extraIDs` and `resourceIDs` have an entry for each of the plan's extras and attributes.
struct SeriesKeyer: ~Copyable {
  let plan: LabelPlan
  var interner: Interner
  var series: SeriesTable
  var resources = ResourceTable()
  var targets = TargetTable()
  private let configuration: SpanMetricsConfiguration
  private let hash: ByteHash
  private let extraIDs: UnsafeMutablePointer<UInt32>
  private var resourceIDs: [UInt32]
  private var scratch = ByteBuffer(capacity: 256)
  private var joined = ByteBuffer(capacity: 256)

  private var limits: LabelLimits?
  private let clusters: SpanNameClusters?
  /// Whether every part of a span's key is what the span says.
  private let isPlain: Bool
  private let hasDefaults: Bool

  /// The number of the resource's labels; nil when there was no room for them.
  private var resource: UInt32?
  /// The number of its service's name, `CallEnd.noRoom` without room.
  private(set) var service: UInt32 = 0
  /// Whether it has a service's name, were it empty.
  private(set) var namesService = false

  init(_ configuration: SpanMetricsConfiguration, _ plan: LabelPlan, _ hash: ByteHash, stride: Int) {
    self.configuration = configuration
    self.plan = plan
    self.hash = hash
    interner = Interner(hash: hash, maxBytes: configuration.maxLabelBytes)
    clusters = configuration.clusters
    hasDefaults = !plan.defaults.isEmpty
    isPlain =
      configuration.maxLabelValues == 0 && configuration.clusters == nil && configuration.excluded.isEmpty
    series = SeriesTable(stride: stride, extraCount: plan.extras.count, limit: configuration.maxSeries)
    extraIDs = .allocate(capacity: max(1, plan.extras.count))
    extraIDs.initialize(repeating: 0, count: max(1, plan.extras.count))
    resourceIDs = Array(repeating: 0, count: plan.attributes.count)
    if configuration.maxLabelValues > 0 {
      limits = LabelLimits(configuration.maxLabelValues, overflow: interner.intern(LabelLimits.overflow))
    }
  }

  deinit { extraIDs.deallocate() }

  /// Takes in the resource, once for all its spans; `reader` has read it.
  mutating func enter(_ view: ResourceView, _ reader: inout AttributeReader) throws(WireError) {
    let identity = try ServiceIdentity(view)
    var labels = ResourceLabels()
    var number: UInt32? = 0
    if let name = identity.service { number = bounded(try reader.text(name)) }
    var fits = number != nil
    labels.service = configuration.excluded.contains(.service) ? 0 : number ?? 0
    service = number ?? CallEnd.noRoom
    namesService = identity.service != nil
    if configuration.includesTargetInfo {
      identity.appendJob(service: interner[number ?? 0], to: &joined, &scratch)
      let job = bounded(joined.view)
      var instance: UInt32? = 0
      if configuration.includesInstance, let value = identity.instance { instance = bounded(try reader.text(value)) }
      fits = fits && job != nil && instance != nil
      labels.job = job ?? 0
      labels.instance = instance ?? 0
      try targets.add(
        view, labels, without: configuration.targetInfoExclusions, &interner, &scratch, limit: configuration.maxSeries)
    }
    limits?.admit(&labels)
    for index in plan.attributes.indices {
      resourceIDs[index] = 0
      if let value = reader.resourceValue(index) {
        let id = bounded(try reader.text(value))
        fits = fits && id != nil
        resourceIDs[index] = id ?? 0
      }
    }
    resource = fits ? (series.isFull ? resources.lookUp(labels) : resources.number(labels)) : nil
  }

  /// Makes the values of a span's labels besides the fixed ones; false when there was no room for one of them.
  mutating func makeExtras(_ span: SpanView, _ reader: inout AttributeReader) throws(WireError) -> Bool {
    for (index, extra) in plan.extras.enumerated() {
      let id: UInt32?
      switch extra {
      case .statusMessage: id = bounded(span.statusMessage)
      case .attribute(let key):
        let found = try value(key, &reader)
        id = found == 0 && hasDefaults ? plan.defaults[index]?.withByteView { bounded($0) } ?? 0 : found
      case .joined(let sources, let separator):
        joined.removeAll()
        for source in sources {
          guard let part = try value(source, &reader) else { return false }
          if part == 0 { continue }
          if !joined.isEmpty { joined.append(separator) }
          joined.append(interner[part])
        }
        id = bounded(joined.view)
      }
      guard let id else { return false }
      extraIDs[index] = limits?.admit(id, .extra(index)) ?? id
    }
    return true
  }

  /// The number of an attribute's value: the span's, else the resource's, else the empty string's.
  mutating func value(_ key: Int, _ reader: inout AttributeReader) throws(WireError) -> UInt32? {
    if let message = reader.spanValue(key) { return bounded(try reader.text(message)) }
    return resourceIDs[key]
  }

  /// The place of a span's series, new if need be; 0 when there is no room. The extras have been made.
  @inline(__always)
  mutating func position(of span: SpanView, round: UInt32) -> Int {
    guard let number = resource else { return 0 }
    if !isPlain { return shapedPosition(of: span, number, round: round) }
    var hash = hash(span.name)
    hash = ByteHash.mix(hash, Self.word(number, span.kind, span.statusCode))
    for index in plan.extras.indices { hash = ByteHash.mix(hash, UInt64(extraIDs[index])) }
    return series.find(
      hash, resource: number, kind: span.kind, status: span.statusCode, name: span.name, extras: extraIDs)
      ?? add(span, number, round: round)
  }

  @inline(__always)
  private static func word(_ resource: UInt32, _ kind: Int32, _ status: Int32) -> UInt64 {
    UInt64(resource) << 32 ^ UInt64(UInt32(bitPattern: kind)) << 3 ^ UInt64(UInt32(bitPattern: status))
  }

  /// The series of a span whose name and labels were not seen together before; 0 when there is no room.
  @inline(never)
  private mutating func add(_ span: SpanView, _ number: UInt32, round: UInt32) -> Int {
    guard let name = bounded(span.name) else { return 0 }
    return position(
      SpanSeriesKey(resource: number, kind: span.kind, status: span.statusCode, name: name), extras: extraIDs,
      round: round)
  }

  /// The place of a span's series where not all of its key is as the span says; 0 when there is no room.
  @inline(never)
  private mutating func shapedPosition(of span: SpanView, _ number: UInt32, round: UInt32) -> Int {
    guard let key = shapedKey(of: span, number) else { return 0 }
    return position(key, extras: extraIDs, round: round)
  }

  /// The key of a span's series; nil where there is no room for its name.
  private mutating func shapedKey(of span: SpanView, _ number: UInt32) -> SpanSeriesKey? {
    let excluded = configuration.excluded
    var name: UInt32? = 0
    if !excluded.contains(.name) {
      if let clusters, let pattern = clusters.pattern(of: span.name) {
        name = pattern.withByteView { bounded($0) }
      } else {
        name = bounded(span.name)
      }
    }
    guard let name else { return nil }
    return SpanSeriesKey(
      resource: number, kind: excluded.contains(.kind) ? 0 : span.kind,
      status: excluded.contains(.status) ? 0 : span.statusCode, name: limits?.admit(name, .name) ?? name)
  }

  /// Holds what came from elsewhere to the limits of labels.
  mutating func limit(_ labels: inout ResourceLabels) { limits?.admit(&labels) }

  mutating func limit(_ name: UInt32) -> UInt32 { limits?.admit(name, .name) ?? name }

  mutating func limit(_ id: UInt32, extra: Int) -> UInt32 { limits?.admit(id, .extra(extra)) ?? id }

  /// The series with this key, new if need be; 0 when there is no room.
  mutating func position(_ key: SpanSeriesKey, extras: UnsafePointer<UInt32>, round: UInt32) -> Int {
    let name = interner[key.name]
    var hash = hash(name)
    hash = ByteHash.mix(hash, Self.word(key.resource, key.kind, key.status))
    for index in plan.extras.indices { hash = ByteHash.mix(hash, UInt64(extras[index])) }
    // The name as it came may have been cut or mended to one that is there.
    if let known = series.find(
      hash, resource: key.resource, kind: key.kind, status: key.status, name: name, extras: extras)
    {
      return known
    }
    if series.isFull { return 0 }
    let position = series.add(key, name: name, extras: extras, hash: hash)
    series[position].cells[CellLayout.firstRound] = UInt64(round)
    return position
  }

  /// The number of `value`; nil when it has none and there is no room for more.
  mutating func bounded(_ value: ByteView) -> UInt32? {
    series.isFull || interner.isFull ? interner.lookUp(value) : interner.intern(value)
  }
}

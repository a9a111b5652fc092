import OTLP
import Platform
import TraceQL

/// The tables of one aggregator and the path that every span takes through them.
///
/// A span costs one pass over its fields, one hash of its name, one probe and a few additions. Nothing is allocated
/// unless its series is new.
///
/// Invariants: `values` and `resourceValues` have room for a view of every attribute in `keys`; views in them are valid
/// while the request they came from is. `extraIDs` and `resourceIDs` have an entry for each of the plan's extras and
/// attributes.
struct AggregatorCore: ~Copyable {
  let plan: LabelPlan
  let layout: CellLayout
  let configuration: SpanMetricsConfiguration
  var interner: Interner
  var series: SeriesTable
  var resources = ResourceTable()
  var targets = TargetTable()
  var exemplars = ExemplarTable()
  /// Spans counted.
  var spans: UInt64 = 0
  /// Spans left out by the filter.
  var filtered: UInt64 = 0
  /// Spans counted in the overflow series.
  var overflowed: UInt64 = 0
  /// The current writing round.
  var round: UInt32 = 1

  private let matcher: SpanMatcher?
  private let hash: ByteHash
  let latencyBounds: BucketBounds
  let sizeBounds: BucketBounds
  /// The plan's attributes, then the multiplier, then what the service graph needs.
  let keys: AttributeKeys
  private let multiplierKey: Int?
  private let graphKeys: GraphKeys?
  private var pending = PendingEdges()
  private var resource = ResourceState()

  private let values: UnsafeMutablePointer<ByteView>
  private let resourceValues: UnsafeMutablePointer<ByteView>
  private let extraIDs: UnsafeMutablePointer<UInt32>
  private var resourceIDs: [UInt32]
  private var scratch = ByteBuffer(capacity: 256)
  private var joined = ByteBuffer(capacity: 256)

  /// What is known of the ResourceSpans being read.
  private struct ResourceState {
    var isReady = false
    /// The number of its labels; nil when there was no room for them.
    var number: UInt32?
    /// Which attributes it has.
    var found: UInt64 = 0
    var service: UInt32 = 0
    /// Whether there is a service name at all; nil until somebody asks.
    var namesService: Bool?
  }

  init(_ configuration: SpanMetricsConfiguration, plan: LabelPlan) {
    self.configuration = configuration
    self.plan = plan
    layout = CellLayout(configuration)
    matcher = configuration.filter.map { SpanMatcher($0) }
    hash = ByteHash()
    interner = Interner(hash: hash)
    series = SeriesTable(stride: layout.stride, extraCount: plan.extras.count, limit: configuration.maxSeries)
    latencyBounds = BucketBounds(configuration.latencyBuckets, scale: 1e9)
    sizeBounds = BucketBounds(configuration.sizeBuckets, scale: 1)
    var names = plan.attributes
    if let multiplier = configuration.multiplierAttribute {
      multiplierKey = names.count
      names.append(multiplier)
    } else {
      multiplierKey = nil
    }
    if let graph = configuration.serviceGraph {
      graphKeys = GraphKeys(graph, appendingTo: &names)
    } else {
      graphKeys = nil
    }
    keys = AttributeKeys(names)
    values = .allocate(capacity: max(1, names.count))
    values.initialize(repeating: .empty, count: max(1, names.count))
    resourceValues = .allocate(capacity: max(1, names.count))
    resourceValues.initialize(repeating: .empty, count: max(1, names.count))
    extraIDs = .allocate(capacity: max(1, plan.extras.count))
    extraIDs.initialize(repeating: 0, count: max(1, plan.extras.count))
    resourceIDs = Array(repeating: 0, count: plan.attributes.count)
    if configuration.keepsExemplars { exemplars.enable(buckets: layout.latency.buckets) }
  }

  deinit {
    values.deallocate()
    resourceValues.deallocate()
    extraIDs.deallocate()
  }

  mutating func consume(_ request: RequestView) throws(WireError) {
    var groups = request.resourceSpans
    while let group = try groups.next() {
      resource.isReady = false
      resource.namesService = nil
      try matcher?.enter(resource: group.resource)
      var scopes = group.scopeSpans
      while let scope = try scopes.next() {
        try matcher?.enter(scope: scope.scope)
        var list = scope.spans
        while let span = try list.next() {
          if let matcher, try !matcher.matches(span) {
            filtered &+= 1
            if graphKeys != nil, try namesService(group.resource) { pending.addDropped(span, hash) }
            continue
          }
          if !resource.isReady { try prepare(group.resource) }
          try count(span)
        }
      }
    }
  }

  /// Hands the spans that are ends of calls to the service graph.
  mutating func flush(to graph: ServiceGraph) {
    graph.add(&pending, names: interner)
  }

  /// Whether the resource has a service name: spans of others are no ends of calls.
  private mutating func namesService(_ view: ResourceView) throws(WireError) -> Bool {
    if let known = resource.namesService { return known }
    let names = try ServiceIdentity(view).service != nil
    resource.namesService = names
    return names
  }

  /// Reads the resource, once for all its spans.
  private mutating func prepare(_ view: ResourceView) throws(WireError) {
    resource.isReady = true
    resource.found = keys.count == 0 ? 0 : try keys.find(in: view.attributes, resourceValues)
    let identity = try ServiceIdentity(view)
    var labels = ResourceLabels()
    let service = try identity.service.map { (value) throws(WireError) in try text(value) } ?? 0
    var fits = service != nil
    labels.service = service ?? 0
    resource.service = service ?? CallEnd.noRoom
    if configuration.includesTargetInfo {
      identity.appendJob(service: interner[labels.service], to: &joined, &scratch)
      let job = bounded(joined.view)
      let instanceValue = configuration.includesInstance ? identity.instance : nil
      let instance = try instanceValue.map { (value) throws(WireError) in try text(value) } ?? 0
      fits = fits && job != nil && instance != nil
      labels.job = job ?? 0
      labels.instance = instance ?? 0
      try targets.add(
        view, labels, without: configuration.targetInfoExclusions, &interner, &scratch, limit: configuration.maxSeries)
    }
    for index in plan.attributes.indices {
      resourceIDs[index] = 0
      if resource.found & (1 << UInt64(index)) != 0 {
        let id = try text(resourceValues[index])
        fits = fits && id != nil
        resourceIDs[index] = id ?? 0
      }
    }
    resource.number = fits ? (series.isFull ? resources.lookUp(labels) : resources.number(labels)) : nil
  }

  @inline(__always)
  private mutating func count(_ span: SpanView) throws(WireError) {
    var found: UInt64 = 0
    if keys.count > 0 { found = try keys.find(in: span.attributes, values) }
    var fits = true
    if !plan.extras.isEmpty { fits = try makeExtras(span, found) }
    var weight = Weight.one
    if layout.isWeighted { weight = try weigh(span, found) }
    if graphKeys != nil { try addEdge(span, found, weight) }
    // From here on nothing throws: a malformed span counts nowhere.
    spans &+= 1

    var position = 0
    if fits, let number = resource.number {
      var hash = hash(span.name)
      hash = ByteHash.mix(
        hash,
        UInt64(number) << 32 ^ UInt64(UInt32(bitPattern: span.kind)) << 3 ^ UInt64(UInt32(bitPattern: span.statusCode)))
      for index in plan.extras.indices { hash = ByteHash.mix(hash, UInt64(extraIDs[index])) }
      position =
        series.find(
          hash, resource: number, kind: span.kind, status: span.statusCode, name: span.name, extras: extraIDs)
        ?? addSeries(span, number)
    }
    if position == 0 { noteOverflow() }

    let cells = series[position].cells
    let duration = span.durationNano
    let bucket = latencyBounds.bucket(of: duration)
    cells[CellLayout.lastRound] = UInt64(round)
    layout.latency.add(duration, bucket: bucket, weight: weight, to: cells)
    switch layout.size {
    case .off: break
    case .total(let at): cells.add(UInt64(truncatingIfNeeded: span.bytes.count), at: at)
    case .histogram(let size):
      let bytes = UInt64(truncatingIfNeeded: span.bytes.count)
      size.add(bytes, bucket: sizeBounds.bucket(of: bytes), to: cells)
    }
    if exemplars.isEnabled { exemplars.offer(span, series: position, bucket: bucket, round: round) }
  }

  /// The series of a span whose name and labels were not seen together before; 0 when there is no room.
  @inline(never)
  private mutating func addSeries(_ span: SpanView, _ number: UInt32) -> Int {
    guard let name = bounded(span.name) else { return 0 }
    return position(
      SeriesKey(resource: number, kind: span.kind, status: span.statusCode, name: name), extras: extraIDs)
  }

  /// The series with this key, new if need be; 0 when there is no room.
  mutating func position(_ key: SeriesKey, extras: UnsafePointer<UInt32>) -> Int {
    let name = interner[key.name]
    var hash = hash(name)
    hash = ByteHash.mix(
      hash,
      UInt64(key.resource) << 32 ^ UInt64(UInt32(bitPattern: key.kind)) << 3 ^ UInt64(UInt32(bitPattern: key.status)))
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

  private mutating func noteOverflow() {
    overflowed &+= 1
    let cells = series[0].cells
    if cells[CellLayout.firstRound] == 0 { cells[CellLayout.firstRound] = UInt64(round) }
  }

  /// The values of a span's labels besides the fixed ones; false when there was no room for one of them.
  private mutating func makeExtras(_ span: SpanView, _ found: UInt64) throws(WireError) -> Bool {
    for (index, extra) in plan.extras.enumerated() {
      let id: UInt32?
      switch extra {
      case .statusMessage: id = bounded(span.statusMessage)
      case .attribute(let key): id = try value(key, found)
      case .joined(let sources, let separator):
        joined.removeAll()
        for source in sources {
          guard let part = try value(source, found) else { return false }
          if part == 0 { continue }
          if !joined.isEmpty { joined.append(separator) }
          joined.append(interner[part])
        }
        id = bounded(joined.view)
      }
      guard let id else { return false }
      extraIDs[index] = id
    }
    return true
  }

  /// The number of an attribute's value: the span's, else the resource's, else the empty string's.
  private mutating func value(_ key: Int, _ found: UInt64) throws(WireError) -> UInt32? {
    found & (1 << UInt64(key)) != 0 ? try text(values[key]) : resourceIDs[key]
  }

  /// The number of an AnyValue's text; nil when there is no room for it.
  private mutating func text(_ message: ByteView) throws(WireError) -> UInt32? {
    let value = try AnyValueView(message)
    if case .string(let text) = value { return bounded(text) }
    scratch.removeAll()
    try AttributeText.append(value, to: &scratch, depth: 0)
    return bounded(scratch.view)
  }

  /// The number of `value`; nil when it has none and there is no room for more.
  private mutating func bounded(_ value: ByteView) -> UInt32? {
    series.isFull || interner.isFull ? interner.lookUp(value) : interner.intern(value)
  }

  /// How often a span counts: as its tracestate says, else 1 / ratio when it, or its resource, has a ratio above 0.
  private func weigh(_ span: SpanView, _ found: UInt64) throws(WireError) -> Weight {
    if configuration.usesTraceState, !span.traceState.isEmpty,
      let count = SamplingThreshold.adjustedCount(span.traceState)
    {
      return Weight(count)
    }
    guard let key = multiplierKey else { return .one }
    let bit: UInt64 = 1 << UInt64(key)
    for (has, message) in [(found & bit, values[key]), (resource.found & bit, resourceValues[key])] where has != 0 {
      if case .double(let ratio) = try AnyValueView(message), ratio > 0 { return Weight(1 / ratio) }
    }
    return .one
  }

  private mutating func addEdge(_ span: SpanView, _ found: UInt64, _ weight: Weight) throws(WireError) {
    guard let graphKeys, resource.service != 0, (2...5).contains(span.kind) else { return }
    let isClient = span.kind == SpanKind.client.rawValue || span.kind == SpanKind.producer.rawValue
    let peer = try firstPresent(graphKeys.peers, found, resource: 0)
    let database = isClient ? try databaseName(graphKeys, found) : nil
    var dimensions: [UInt32] = []
    if !graphKeys.dimensions.isEmpty {
      dimensions.reserveCapacity(graphKeys.dimensions.count)
      for key in graphKeys.dimensions { dimensions.append(try edgeValue(key, found)) }
    }
    pending.add(
      span, service: resource.service, peer: peer, database: database, dimensions: dimensions, weight: weight, hash)
  }

  /// The number of an attribute's value for the service graph: the span's, else the resource's; 0 for none.
  private mutating func edgeValue(_ key: Int, _ found: UInt64) throws(WireError) -> UInt32 {
    let bit: UInt64 = 1 << UInt64(key)
    if found & bit != 0 { return try text(values[key]) ?? CallEnd.noRoom }
    return resource.found & bit != 0 ? try text(resourceValues[key]) ?? CallEnd.noRoom : 0
  }

  /// The number of the first of `keys` that the span (or, where `resource` has its bit, the resource) has; 0 if none.
  private mutating func firstPresent(_ keys: [Int], _ found: UInt64, resource: UInt64) throws(WireError) -> UInt32 {
    for key in keys {
      let bit: UInt64 = 1 << UInt64(key)
      if resource & bit != 0 { return try text(resourceValues[key]) ?? CallEnd.noRoom }
      if found & bit != 0 { return try text(values[key]) ?? CallEnd.noRoom }
    }
    return 0
  }

  /// What a request to a database is a call to; nil when the span is no such request. The resource's attributes come
  /// before the span's, as in Tempo.
  private mutating func databaseName(_ graphKeys: GraphKeys, _ found: UInt64) throws(WireError) -> UInt32? {
    let name = try firstPresent(graphKeys.databases, found, resource: resource.found)
    let all = found | resource.found
    if !graphKeys.databases.contains(where: { all & (1 << UInt64($0)) != 0 }) { return nil }
    for key in [graphKeys.peerService, graphKeys.serverAddress] where all & (1 << UInt64(key)) != 0 {
      return try firstPresent([key], found, resource: resource.found)
    }
    if all & (1 << UInt64(graphKeys.peerAddress)) != 0 {
      let host = try firstPresent([graphKeys.peerAddress], found, resource: resource.found)
      if all & (1 << UInt64(graphKeys.peerPort)) == 0 { return host }
      let port = try firstPresent([graphKeys.peerPort], found, resource: resource.found)
      if host == CallEnd.noRoom || port == CallEnd.noRoom { return CallEnd.noRoom }
      joined.removeAll()
      joined.append(interner[host])
      joined.append(UInt8(ascii: ":"))
      joined.append(interner[port])
      return bounded(joined.view) ?? CallEnd.noRoom
    }
    return name
  }
}

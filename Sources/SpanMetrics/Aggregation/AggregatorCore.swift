import OTLP
import Platform
import TraceQL

/// The path that every span takes: it is read, its series is found, it is counted.
struct AggregatorCore: ~Copyable {
  let configuration: SpanMetricsConfiguration
  let layout: CellLayout
  var keyer: SeriesKeyer
  var counter: SeriesCounter
  private var reader: AttributeReader
  private let matcher: SpanMatcher?
  /// Which spans are ends of calls, where that is decided apart.
  private let graphMatcher: SpanMatcher?
  private let hash: ByteHash
  private let ends: CallEndReader?
  private let eventReader: EventReader?
  var events: EventTable
  private var pending = PendingEdges()
  /// Whether nothing is asked of spans that is not asked of all.
  private let isUsual: Bool
  /// Whether the resource at hand was taken in, and whether it names a service, once that is known.
  private var isResourceRead = false
  private var namesService: Bool?
  private var isHostRead = false

  /// Spans counted.
  var spans: UInt64 = 0
  /// Spans left out by the filter or since they did not start in the range, and those that ended too long ago.
  var filtered: UInt64 = 0
  var tooOld: UInt64 = 0
  /// Spans counted in the overflow series.
  var overflowed: UInt64 = 0
  /// The current writing round.
  var round: UInt32 = 1
  /// Spans that ended before this moment (ns since 1970) are not counted.
  var notBefore: UInt64 = 0
  /// Where set, only spans that ended in this stretch (ns since 1970) are looked at.
  var window: Range<UInt64>?

  init(_ configuration: SpanMetricsConfiguration, plan: LabelPlan) {
    self.configuration = configuration
    layout = CellLayout(configuration)
    matcher = configuration.filter.map { SpanMatcher($0) }
    graphMatcher = configuration.serviceGraph?.filter.map { SpanMatcher($0) }
    hash = ByteHash()
    var names = plan.attributes
    ends = configuration.serviceGraph.map { CallEndReader(GraphKeys($0, appendingTo: &names)) }
    reader = AttributeReader(configuration, names)
    keyer = SeriesKeyer(configuration, plan, hash, stride: layout.stride)
    counter = SeriesCounter(configuration, layout)
    eventReader = EventReader(configuration, plan)
    events = EventTable(limit: configuration.maxSeries)
    isUsual =
      configuration.filter == nil && configuration.serviceGraph?.filter == nil && configuration.eventDimensions == nil
      && configuration.hostIdentifiers.isEmpty
    notBefore = configuration.notBefore
  }

  mutating func consume(_ request: RequestView) throws(WireError) {
    let isUsual = isUsual && window == nil && notBefore == 0 && configuration.range == nil
    var groups = request.resourceSpans
    while let group = try groups.next() {
      isResourceRead = false
      namesService = nil
      isHostRead = false
      try matcher?.enter(resource: group.resource)
      try graphMatcher?.enter(resource: group.resource)
      var scopes = group.scopeSpans
      while let scope = try scopes.next() {
        try matcher?.enter(scope: scope.scope)
        try graphMatcher?.enter(scope: scope.scope)
        var list = scope.spans
        while let span = try list.next() {
          if isUsual {
            if !isResourceRead { try read(group.resource) }
            _ = try count(span)
          } else {
            try countUnusual(span, group.resource)
          }
        }
      }
    }
  }

  /// The path of a span where more is asked than for all spans: when it ended, a filter, its host, its events.
  @inline(never)
  private mutating func countUnusual(_ span: SpanView, _ resource: ResourceView) throws(WireError) {
    if let window, !window.contains(span.endTimeUnixNano) { return }
    if span.endTimeUnixNano < notBefore {
      tooOld &+= 1
      return
    }
    if !isHostRead { try readHost(resource) }
    if let range = configuration.range, !range.contains(span.startTimeUnixNano) {
      filtered &+= 1
      return
    }
    let isCounted = try matcher?.matches(span) ?? true
    let isEnd = try graphMatcher?.matches(span) ?? isCounted
    if !isCounted { filtered &+= 1 }
    if ends != nil, !isEnd, try namesService(resource) { pending.addDropped(span, hash) }
    if !isCounted && (!isEnd || ends == nil) { return }
    if !isResourceRead { try read(resource) }
    guard isCounted else {
      try reader.read(span)
      let weight = layout.isWeighted ? try reader.weight(span) : .one
      try ends?.add(span, weight: weight, to: &pending, &reader, &keyer, hash)
      return
    }
    var values: [[UInt32]?] = []
    if eventReader != nil {
      try reader.read(span)
      values = try eventReader?.read(span, &reader, &keyer) ?? []
    }
    let position = try count(span, isEnd: isEnd)
    if !values.isEmpty { try add(values, layout.isWeighted ? reader.weight(span) : .one, position) }
  }

  /// Notes the host that the resource names.
  private mutating func readHost(_ resource: ResourceView) throws(WireError) {
    isHostRead = true
    for identifier in configuration.hostIdentifiers {
      var rest = resource.attributes
      while let attribute = try rest.next() {
        guard Array(identifier.utf8).withByteView({ attribute.key.matches($0) }),
          case .string(let name) = try AnyValueView(attribute.valueBytes), !name.isEmpty
        else { continue }
        return keyer.targets.add(
          host: name, source: identifier, &keyer.interner, limit: configuration.maxSeries)
      }
    }
  }

  /// Hands the spans that are ends of calls to the service graph.
  mutating func flush(to graph: ServiceGraph) {
    graph.add(&pending, names: keyer.interner)
  }

  /// Whether the resource has a service name: spans of others are no ends of calls.
  private mutating func namesService(_ view: ResourceView) throws(WireError) -> Bool {
    if let known = namesService { return known }
    let names = try ServiceIdentity(view).service != nil
    namesService = names
    return names
  }

  @inline(never)
  private mutating func read(_ resource: ResourceView) throws(WireError) {
    isResourceRead = true
    try reader.read(resource: resource)
    try keyer.enter(resource, &reader)
  }

  /// Returns the place of the span's series.
  @inline(__always)
  private mutating func count(_ span: SpanView, isEnd: Bool = true) throws(WireError) -> Int {
    try reader.read(span)
    var fits = true
    if !keyer.plan.extras.isEmpty { fits = try keyer.makeExtras(span, &reader) }
    var weight = Weight.one
    if layout.isWeighted { weight = try reader.weight(span) }
    if let ends, isEnd { try ends.add(span, weight: weight, to: &pending, &reader, &keyer, hash) }
    // From here on nothing throws: a malformed span counts nowhere.
    spans &+= 1
    let position = fits ? keyer.position(of: span, round: round) : 0
    if position == 0 { noteOverflow() }
    counter.add(span, weight: weight, series: position, keyer.series[position].cells, round: round)
    return position
  }

  private mutating func add(_ values: [[UInt32]?], _ weight: Weight, _ position: Int) {
    for values in values {
      var key = EventTable.Key(series: nil, extras: [], values: [])
      if position > 0, let values {
        key = EventTable.Key(
          series: keyer.series[position].key, extras: Array(keyer.series.extras(position)), values: values)
      }
      events.add(key, weight: weight, round: round)
    }
  }

  @inline(never)
  private mutating func noteOverflow() {
    overflowed &+= 1
    let cells = keyer.series[0].cells
    if cells[CellLayout.firstRound] == 0 { cells[CellLayout.firstRound] = UInt64(round) }
  }
}

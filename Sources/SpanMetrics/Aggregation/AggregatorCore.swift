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
  private let hash: ByteHash
  private let ends: CallEndReader?
  private var pending = PendingEdges()
  /// Whether the resource at hand was taken in, and whether it names a service, once that is known.
  private var isResourceRead = false
  private var namesService: Bool?

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
    hash = ByteHash()
    var names = plan.attributes
    ends = configuration.serviceGraph.map { CallEndReader(GraphKeys($0, appendingTo: &names)) }
    reader = AttributeReader(configuration, names)
    keyer = SeriesKeyer(configuration, plan, hash, stride: layout.stride)
    counter = SeriesCounter(configuration, layout)
    notBefore = configuration.notBefore
  }

  @inline(__always)
  private func isLeftOut(_ span: SpanView) throws(WireError) -> Bool {
    if let range = configuration.range, !range.contains(span.startTimeUnixNano) { return true }
    guard let matcher else { return false }
    return try !matcher.matches(span)
  }

  mutating func consume(_ request: RequestView) throws(WireError) {
    var groups = request.resourceSpans
    while let group = try groups.next() {
      isResourceRead = false
      namesService = nil
      try matcher?.enter(resource: group.resource)
      var scopes = group.scopeSpans
      while let scope = try scopes.next() {
        try matcher?.enter(scope: scope.scope)
        var list = scope.spans
        while let span = try list.next() {
          if let window, !window.contains(span.endTimeUnixNano) { continue }
          if span.endTimeUnixNano < notBefore {
            tooOld &+= 1
            continue
          }
          if try isLeftOut(span) {
            filtered &+= 1
            if ends != nil, try namesService(group.resource) { pending.addDropped(span, hash) }
            continue
          }
          if !isResourceRead { try read(group.resource) }
          try count(span)
        }
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

  private mutating func read(_ resource: ResourceView) throws(WireError) {
    isResourceRead = true
    try reader.read(resource: resource)
    try keyer.enter(resource, &reader)
  }

  @inline(__always)
  private mutating func count(_ span: SpanView) throws(WireError) {
    try reader.read(span)
    var fits = true
    if !keyer.plan.extras.isEmpty { fits = try keyer.makeExtras(span, &reader) }
    var weight = Weight.one
    if layout.isWeighted { weight = try reader.weight(span) }
    if let ends { try ends.add(span, weight: weight, to: &pending, &reader, &keyer, hash) }
    // From here on nothing throws: a malformed span counts nowhere.
    spans &+= 1
    let position = fits ? keyer.position(of: span, round: round) : 0
    if position == 0 { noteOverflow() }
    counter.add(span, weight: weight, series: position, keyer.series[position].cells, round: round)
  }

  private mutating func noteOverflow() {
    overflowed &+= 1
    let cells = keyer.series[0].cells
    if cells[CellLayout.firstRound] == 0 { cells[CellLayout.firstRound] = UInt64(round) }
  }
}

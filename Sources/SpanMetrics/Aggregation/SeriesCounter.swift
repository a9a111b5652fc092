import OTLP

/// Counting: what a span adds to the cells of its series.
struct SeriesCounter: ~Copyable {
  let layout: CellLayout
  var exemplars = ExemplarTable()
  var natives: NativeTable
  private let latencyBounds: BucketBounds
  private let sizeBounds: BucketBounds

  init(_ configuration: SpanMetricsConfiguration, _ layout: CellLayout) {
    self.layout = layout
    natives = NativeTable(configuration, unit: configuration.profile.latencyUnit)
    latencyBounds = BucketBounds(configuration.latencyBuckets, scale: 1e9)
    sizeBounds = BucketBounds(configuration.sizeBuckets, scale: 1)
    if configuration.keepsExemplars { exemplars.enable(buckets: layout.latency.buckets) }
  }

  @inline(__always)
  mutating func add(
    _ span: SpanView, weight: Weight, series position: Int, _ cells: UnsafeMutablePointer<UInt64>, round: UInt32
  ) {
    let duration = span.durationNano
    let bucket = latencyBounds.bucket(of: duration)
    cells[CellLayout.lastRound] = UInt64(round)
    layout.latency.add(duration, bucket: bucket, weight: weight, to: cells)
    switch layout.size {
    case .off: break
    case .total(let at): cells.add(Self.size(span), at: at)
    case .histogram(let size):
      let bytes = Self.size(span)
      size.add(bytes, bucket: sizeBounds.bucket(of: bytes), to: cells)
    }
    if natives.isEnabled { natives.add(duration, weight: weight, at: position) }
    if exemplars.isEnabled { exemplars.offer(span, series: position, bucket: bucket, round: round) }
  }

  /// The bytes of a span as Tempo has it, in which a status always stands, were it empty.
  private static func size(_ span: SpanView) -> UInt64 {
    UInt64(truncatingIfNeeded: span.bytes.count) &+ (span.hasStatus ? 0 : 2)
  }
}

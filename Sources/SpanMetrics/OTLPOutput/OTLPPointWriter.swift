import OTLP
import Platform

/// Writes data points as OTLP has them.
struct OTLPPointWriter {
  private let form: HistogramForm
  private let isWeighted: Bool
  private let names: [String: String]
  private let further: [(name: String, value: String)]
  /// ns since 1970.
  private let start: UInt64

  /// The flag that says that a series has ended.
  private static let noRecordedValue: UInt64 = 1

  /// - Parameters:
  ///   - further: attributes that every point gets unless it has one of that name.
  ///   - start: since when counters count, Unix ms.
  init(_ table: MetricTable, further: [(name: String, value: String)], start: Int64) {
    form = table.form
    isWeighted = table.isWeighted
    names = table.attributeNames
    self.further = further
    self.start = Self.nanoseconds(start)
  }

  private static func nanoseconds(_ milliseconds: Int64) -> UInt64 {
    UInt64(clamping: Timestamp(milliseconds: milliseconds).nanoseconds)
  }

  /// Whether a point is one of an exponential histogram.
  func isExponential(_ point: MetricPoint) -> Bool {
    if form != .classic, case .histogram(let histogram) = point.value { return histogram.native != nil }
    return false
  }

  /// Appends a data point without its tag.
  func append(_ family: MetricFamily, _ point: MetricPoint, _ phase: DeliveryPhase, to buffer: inout ByteBuffer) {
    let time: UInt64
    switch phase {
    case .zeros(let at, _), .values(let at, _), .ends(let at): time = Self.nanoseconds(at)
    }
    switch point.value {
    case .number(let value): number(value, family, point, phase, time, &buffer)
    case .histogram(let histogram):
      if isExponential(point), let native = histogram.native {
        exponential(native, sum: histogram.sum, point, phase, time, &buffer)
      } else {
        explicit(histogram, family, point, phase, time, &buffer)
      }
    }
  }

  /// attributes=7, start=2, time=3, as_double=4, as_int=6, exemplars=5, flags=8.
  private func number(
    _ value: Double, _ family: MetricFamily, _ point: MetricPoint, _ phase: DeliveryPhase, _ time: UInt64,
    _ buffer: inout ByteBuffer
  ) {
    attributes(7, point, &buffer)
    times(family.kind == .gauge ? nil : start, time, &buffer)
    if case .ends = phase { return buffer.appendField(8, varint: Self.noRecordedValue) }
    var value = value
    if case .zeros = phase { value = 0 }
    // One series keeps to one of the two.
    if !isWeighted, let whole = Int64(exactly: value) {
      buffer.appendField(6, fixed64: UInt64(bitPattern: whole))
    } else {
      buffer.appendField(4, double: value)
    }
    if let exemplar = point.exemplar { append([exemplar], 5, phase, &buffer) }
  }

  /// attributes=9, start=2, time=3, count=4, sum=5, bucket_counts=6, explicit_bounds=7, exemplars=8, flags=10.
  private func explicit(
    _ histogram: HistogramValue, _ family: MetricFamily, _ point: MetricPoint, _ phase: DeliveryPhase, _ time: UInt64,
    _ buffer: inout ByteBuffer
  ) {
    attributes(9, point, &buffer)
    times(start, time, &buffer)
    if case .ends = phase { return buffer.appendField(10, varint: Self.noRecordedValue) }
    var isZero = false
    if case .zeros = phase { isZero = true }
    buffer.appendField(4, fixed64: isZero ? 0 : UInt64(saturating: histogram.count))
    buffer.appendField(5, double: isZero ? 0 : histogram.sum)
    buffer.appendField(6, reserving: 2) { buffer in
      // Differences of rounded sums, so that they add up to the rounded count.
      var before: UInt64 = 0
      for count in histogram.cumulative {
        let count = isZero ? 0 : UInt64(saturating: count)
        buffer.append(littleEndian: count &- before)
        before = count
      }
    }
    buffer.appendField(7, reserving: 2) { buffer in
      for bound in family.bounds { buffer.append(littleEndian: bound.bitPattern) }
    }
    append(point.exemplars.compactMap(\.self), 8, phase, &buffer)
  }

  /// attributes=1, start=2, time=3, count=4, sum=5, scale=6, zero_count=7, positive=8 (offset=1, bucket_counts=2),
  /// flags=10, exemplars=11, zero_threshold=14.
  private func exponential(
    _ native: NativeHistogram, sum: Double, _ point: MetricPoint, _ phase: DeliveryPhase, _ time: UInt64,
    _ buffer: inout ByteBuffer
  ) {
    attributes(1, point, &buffer)
    times(start, time, &buffer)
    if case .ends = phase { return buffer.appendField(10, varint: Self.noRecordedValue) }
    var (native, sum) = (native.narrowed(to: Self.maxBuckets), sum)
    if case .zeros = phase { (native, sum) = (native.emptied, 0) }
    buffer.appendField(4, fixed64: native.count)
    buffer.appendField(5, double: sum)
    buffer.appendField(6, varint: NativeHistogramMessage.zigzag(Int64(native.schema)))
    buffer.appendField(7, fixed64: native.zeroCount)
    if let first = native.keys.first {
      buffer.appendField(8, reserving: 2) { buffer in
        // Here bucket i begins where Prometheus's bucket i + 1 does.
        buffer.appendField(1, varint: NativeHistogramMessage.zigzag(Int64(first) - 1))
        buffer.appendField(2, reserving: 2) { buffer in
          var next = first
          for (key, count) in zip(native.keys, native.counts) {
            while next < key {
              buffer.appendVarint(0)
              next += 1
            }
            buffer.appendVarint(count)
            next += 1
          }
        }
      }
    }
    append(point.exemplars.compactMap(\.self), 11, phase, &buffer)
    buffer.appendField(14, double: NativeHistogram.zeroThreshold)
  }

  /// Most buckets from the first to the last: those between are written, empty as they are.
  private static let maxBuckets: Int32 = 1000

  private func times(_ start: UInt64?, _ time: UInt64, _ buffer: inout ByteBuffer) {
    if let start { buffer.appendField(2, fixed64: min(start, time)) }
    buffer.appendField(3, fixed64: time)
  }

  private func attributes(_ field: Int, _ point: MetricPoint, _ buffer: inout ByteBuffer) {
    for label in point.labels { Self.append(field, names[label.name] ?? label.name, label.value, to: &buffer) }
    for label in further where !point.labels.contains(where: { $0.name == label.name }) {
      Self.append(field, label.name, .text(label.value), to: &buffer)
    }
  }

  static func append(_ field: Int, _ name: String, _ value: MetricLabel.Value, to buffer: inout ByteBuffer) {
    buffer.appendField(field, reserving: 1) { buffer in
      buffer.appendField(1, string: name)
      buffer.appendField(2, reserving: 1) { buffer in
        value.withBytes { buffer.appendField(1, bytes: $0) }
      }
    }
  }

  /// time=2, as_double=3, span_id=4, trace_id=5.
  private func append(_ exemplars: [Exemplar], _ field: Int, _ phase: DeliveryPhase, _ buffer: inout ByteBuffer) {
    guard case .values(_, let after) = phase else { return }
    for exemplar in exemplars where UInt64(exemplar.round) > after {
      buffer.appendField(field) { buffer in
        buffer.appendField(2, fixed64: exemplar.endTimeUnixNano)
        buffer.appendField(3, double: exemplar.seconds)
        buffer.appendField(4, reserving: 1) { $0.append(bigEndian: exemplar.span) }
        buffer.appendField(5, reserving: 1) { buffer in
          buffer.append(bigEndian: exemplar.trace.high)
          buffer.append(bigEndian: exemplar.trace.low)
        }
      }
    }
  }
}

import OTLP
public import Platform

/// The protobuf form of an exposition, `io.prometheus.client.MetricFamily`, each behind its length: the one in which
/// Prometheus scrapes native histograms.
public enum ExpositionProtobuf {
  public static let contentType =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"

  /// Appends all families.
  public static func append(
    _ table: MetricTable, external: [(name: String, value: String)], exemplarLabel: String, to page: inout ByteBuffer
  ) {
    for family in table.families {
      var message = ByteBuffer(capacity: 4096)
      message.appendField(1, string: family.name)
      message.appendField(2, string: family.help)
      let type: UInt64 =
        switch family.kind {
        case .counter: 0
        case .gauge: 1
        case .histogram: 4
        }
      message.appendField(3, varint: type)
      var isEmpty = true
      for place in 0..<table.count(family) {
        guard let point = table.point(family, place) else { continue }
        isEmpty = false
        message.appendField(4, reserving: 3) { message in
          append(point.labels, external, to: &message)
          append(point, family, table.form, exemplarLabel, to: &message)
        }
      }
      if isEmpty { continue }
      page.appendVarint(UInt64(message.count))
      page.append(message.view)
    }
  }

  private static func append(
    _ own: [MetricLabel], _ external: [(name: String, value: String)], to message: inout ByteBuffer
  ) {
    let added = external.filter { label in !own.contains { $0.name == label.name } }
    let labels = own.map { ($0.name, $0.value) } + added.map { ($0.name, MetricLabel.Value.text($0.value)) }
    for (name, value) in labels.sorted(by: { $0.0 < $1.0 }) {
      message.appendField(1) { message in
        message.appendField(1, string: name)
        value.withBytes { message.appendField(2, bytes: $0) }
      }
    }
  }

  private static func append(
    _ point: MetricPoint, _ family: MetricFamily, _ form: HistogramForm, _ exemplarLabel: String,
    to message: inout ByteBuffer
  ) {
    switch point.value {
    case .number(let value):
      message.appendField(family.kind == .gauge ? 2 : 3) { message in
        message.appendField(1, double: value)
        if let exemplar = point.exemplar { append(exemplar, 2, exemplarLabel, to: &message) }
      }
    case .histogram(let histogram):
      message.appendField(7, reserving: 2) { message in
        message.appendField(1, varint: UInt64(saturating: histogram.count))
        message.appendField(2, double: histogram.sum)
        if form != .native || histogram.native == nil {
          let bounds = family.bounds + [.infinity]
          for (index, count) in histogram.cumulative.enumerated() {
            message.appendField(3) { message in
              message.appendField(1, varint: UInt64(saturating: count))
              message.appendField(2, double: bounds[min(index, bounds.count - 1)])
              if index < point.exemplars.count, let exemplar = point.exemplars[index] {
                append(exemplar, 3, exemplarLabel, to: &message)
              }
            }
          }
        }
        guard form != .classic, let native = histogram.native else { return }
        message.appendField(5, varint: NativeHistogramMessage.zigzag(Int64(native.schema)))
        message.appendField(6, double: NativeHistogram.zeroThreshold)
        message.appendField(7, varint: native.zeroCount)
        NativeHistogramMessage.buckets(native, spans: 12, deltas: 13, &message)
        // An empty stretch tells a native histogram without values from none.
        if native.keys.isEmpty { message.appendField(12) { $0.appendField(1, varint: 0) } }
      }
    }
  }

  private static func append(_ exemplar: Exemplar, _ field: Int, _ label: String, to message: inout ByteBuffer) {
    message.appendField(field) { message in
      for (name, value) in [(label, exemplar.traceID), ("span_id", exemplar.spanID)] {
        message.appendField(1) { message in
          message.appendField(1, string: name)
          message.appendField(2, string: value)
        }
      }
      message.appendField(2, double: exemplar.seconds)
      message.appendField(3) { message in
        message.appendField(1, varint: UInt64(bitPattern: exemplar.ended.wholeSeconds))
        message.appendField(2, varint: UInt64(exemplar.ended.subsecondNanoseconds))
      }
    }
  }
}

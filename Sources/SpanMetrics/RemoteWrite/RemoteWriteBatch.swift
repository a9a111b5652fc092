import Backends
import OTLP
import Platform

/// The series of one remote-write request, each with one sample.
final class RemoteWriteBatch: MetricsBatch {
  private let client: RemoteWriteClient
  private var buffer = ByteBuffer(capacity: 64 << 10)
  private var ends: [Int] = []
  private let external: [(name: String, value: String)]
  private let exemplarLabel: String
  private let form: HistogramForm
  /// The values of `le` by the family's name.
  private let bounds: [String: [String]]
  private var labels: [(name: String, value: MetricLabel.Value)] = []

  init(
    _ client: RemoteWriteClient, _ table: MetricTable, external: [(name: String, value: String)], exemplarLabel: String
  ) {
    self.client = client
    self.external = external
    self.exemplarLabel = exemplarLabel
    form = table.form
    bounds = Dictionary(
      table.families.map { ($0.name, ($0.bounds + [.infinity]).map(FloatText.fixed)) }, uniquingKeysWith: { $1 })
  }

  /// How many series there are.
  var count: Int { ends.count }
  var isFull: Bool {
    ends.count >= RemoteWriteClient.batchSeries || buffer.count >= RemoteWriteClient.batchBytes
  }

  func removeAll() {
    buffer.removeAll()
    ends.removeAll(keepingCapacity: true)
  }

  func send(_ range: Range<Int>) -> WriteAttempt {
    let start = range.lowerBound == 0 ? 0 : ends[range.lowerBound - 1]
    let end = range.isEmpty ? start : ends[range.upperBound - 1]
    return client.attempt(buffer.view[start..<end])
  }

  func append(_ family: MetricFamily, _ point: MetricPoint, _ phase: DeliveryPhase) {
    guard phase.wants(point.rounds) else { return }
    switch point.value {
    case .number(let value):
      prepare(family.name, point.labels)
      append(value, phase, point.exemplar)
    case .histogram(let histogram):
      if let native = histogram.native, form != .classic {
        prepare(family.name, point.labels)
        append(native, sum: histogram.sum, phase)
        if form == .native { return }
      }
      prepare(family.name + "_bucket", point.labels, le: true)
      let le = labels.firstIndex { $0.name == "le" } ?? 0
      let bounds = bounds[family.name] ?? []
      for (index, count) in histogram.cumulative.enumerated() {
        labels[le].value = .text(bounds[min(index, bounds.count - 1)])
        append(count, phase, index < point.exemplars.count ? point.exemplars[index] : nil)
      }
      prepare(family.name + "_sum", point.labels)
      append(histogram.sum, phase, nil)
      prepare(family.name + "_count", point.labels)
      append(histogram.count, phase, nil)
    }
  }

  /// Puts a series' labels together, in the order of their names' bytes, empty ones left out, as the specification asks.
  private func prepare(_ name: String, _ own: [MetricLabel], le: Bool = false) {
    labels.removeAll(keepingCapacity: true)
    labels.append(("__name__", .text(name)))
    if le { labels.append(("le", .text(""))) }
    for label in own { labels.append((label.name, label.value)) }
    for label in external where !label.value.isEmpty && !own.contains(where: { $0.name == label.name }) {
      labels.append((label.name, .text(label.value)))
    }
    labels.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private func append(_ value: Double, _ phase: DeliveryPhase, _ exemplar: Exemplar?) {
    let mark = beginSeries()
    switch phase {
    case .zeros(let time, _): sample(0, time)
    case .ends(let time): sample(RemoteWriteEncoder.staleNaN, time)
    case .values(let time, let after):
      sample(value, time)
      if let exemplar, UInt64(exemplar.round) > after { append(exemplar) }
    }
    endSeries(mark)
  }

  private func append(_ native: NativeHistogram, sum: Double, _ phase: DeliveryPhase) {
    let mark = beginSeries()
    switch phase {
    case .zeros(let time, _): NativeHistogramMessage.append(native.emptied, sum: 0, time: time, &buffer)
    case .ends(let time): sample(RemoteWriteEncoder.staleNaN, time)
    case .values(let time, _): NativeHistogramMessage.append(native, sum: sum, time: time, &buffer)
    }
    endSeries(mark)
  }

  private func endSeries(_ mark: Int) {
    buffer.endLengthDelimited(mark, reserved: 2)
    ends.append(buffer.count)
  }

  /// Writes the labels.
  private func beginSeries() -> Int {
    buffer.appendTag(1, .lengthDelimited)
    let mark = buffer.beginLengthDelimited(reserving: 2)
    for label in labels {
      buffer.appendTag(1, .lengthDelimited)
      let inner = buffer.beginLengthDelimited(reserving: 1)
      buffer.appendField(1, string: label.name)
      label.value.withBytes { buffer.appendField(2, bytes: $0) }
      buffer.endLengthDelimited(inner, reserved: 1)
    }
    return mark
  }

  private func sample(_ value: Double, _ time: Int64) {
    buffer.appendField(2) { buffer in
      buffer.appendField(1, double: value)
      buffer.appendField(2, varint: UInt64(bitPattern: time))
    }
  }

  private func append(_ exemplar: Exemplar) {
    let label = exemplarLabel
    buffer.appendField(3) { buffer in
      for (name, value) in [(label, exemplar.traceID), ("span_id", exemplar.spanID)] {
        buffer.appendField(1) { buffer in
          buffer.appendField(1, string: name)
          buffer.appendField(2, string: value)
        }
      }
      buffer.appendField(2, double: exemplar.seconds)
      buffer.appendField(3, varint: UInt64(bitPattern: exemplar.ended.milliseconds))
    }
  }
}

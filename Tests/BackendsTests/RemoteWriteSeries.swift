import OTLP
import Platform

@testable import Backends

/// A series with what a test writes of it.
struct RemoteWriteSeries: Sendable {
  struct Label: Sendable, Equatable {
    var name: String
    var value: String

    init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  struct Sample: Sendable, Equatable {
    var value: Double
    /// Unix milliseconds.
    var milliseconds: Int64

    init(_ value: Double, milliseconds: Int64) {
      self.value = value
      self.milliseconds = milliseconds
    }
  }

  struct Exemplar: Sendable {
    var labels: [Label]
    var sample: Sample

    init(labels: [Label], sample: Sample) {
      self.labels = labels
      self.sample = sample
    }
  }

  /// In any order; `__name__` is the metric's name. Names must not repeat.
  var labels: [Label]
  /// In order of time.
  var samples: [Sample]
  var exemplars: [Exemplar]

  init(labels: [Label], samples: [Sample], exemplars: [Exemplar] = []) {
    self.labels = labels
    self.samples = samples
    self.exemplars = exemplars
  }
}

/// Writes the WriteRequest of Prometheus remote write 1.0.
///
/// WriteRequest: timeseries=1. TimeSeries: labels=1, samples=2, exemplars=3. Label: name=1, value=2. Sample: value=1
/// (double), timestamp=2 (ms). Exemplar: labels=1, value=2, timestamp=3.
struct RemoteWriteEncoder: ~Copyable {
  /// The value that says a series has ended.
  static let staleNaN = Double(bitPattern: 0x7ff0_0000_0000_0002)

  /// How many series were appended.
  private(set) var seriesCount = 0
  private var buffer = ByteBuffer(capacity: 64 << 10)

  init() {}

  /// Bytes so far, uncompressed.
  var byteCount: Int { buffer.count }

  /// The request, uncompressed; valid until the encoder changes.
  var view: ByteView { buffer.view }

  /// Adds a series. Labels are written in the order of their names' bytes, empty ones left out, as the specification
  /// asks.
  mutating func append(_ series: RemoteWriteSeries) {
    let labels = series.labels.filter { !$0.value.isEmpty }
      .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    buffer.appendField(1, reserving: 2) { buffer in
      for label in labels { RemoteWriteEncoder.append(label, to: &buffer) }
      for sample in series.samples {
        buffer.appendField(2) { buffer in
          buffer.appendField(1, double: sample.value)
          buffer.appendField(2, varint: UInt64(bitPattern: sample.milliseconds))
        }
      }
      for exemplar in series.exemplars {
        buffer.appendField(3) { buffer in
          for label in exemplar.labels { RemoteWriteEncoder.append(label, to: &buffer) }
          buffer.appendField(2, double: exemplar.sample.value)
          buffer.appendField(3, varint: UInt64(bitPattern: exemplar.sample.milliseconds))
        }
      }
    }
    seriesCount += 1
  }

  /// Forgets everything; keeps the room.
  mutating func removeAll() {
    buffer.removeAll()
    seriesCount = 0
  }

  private static func append(_ label: RemoteWriteSeries.Label, to buffer: inout ByteBuffer) {
    buffer.appendField(1) { buffer in
      buffer.appendField(1, string: label.name)
      buffer.appendField(2, string: label.value)
    }
  }
}

extension RemoteWriteClient {
  /// Writes all series in one request.
  func write(_ series: [RemoteWriteSeries]) throws(BackendError) {
    var encoder = RemoteWriteEncoder()
    for entry in series { encoder.append(entry) }
    switch attempt(encoder.view) {
    case .taken: return
    case .refused(let error, _), .failed(let error, _): throw error
    }
  }
}

import OTLP
import Platform

/// A series with what is written of it.
public struct RemoteWriteSeries: Sendable {
  public struct Label: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public struct Sample: Sendable, Equatable {
    public var value: Double
    /// Unix milliseconds.
    public var milliseconds: Int64

    public init(_ value: Double, milliseconds: Int64) {
      self.value = value
      self.milliseconds = milliseconds
    }
  }

  public struct Exemplar: Sendable {
    public var labels: [Label]
    public var sample: Sample

    public init(labels: [Label], sample: Sample) {
      self.labels = labels
      self.sample = sample
    }
  }

  /// In any order; `__name__` is the metric's name. Names must not repeat.
  public var labels: [Label]
  /// In order of time.
  public var samples: [Sample]
  public var exemplars: [Exemplar]

  public init(labels: [Label], samples: [Sample], exemplars: [Exemplar] = []) {
    self.labels = labels
    self.samples = samples
    self.exemplars = exemplars
  }
}

/// Writes the WriteRequest of Prometheus remote write 1.0.
///
/// WriteRequest: timeseries=1. TimeSeries: labels=1, samples=2, exemplars=3. Label: name=1, value=2. Sample: value=1
/// (double), timestamp=2 (ms). Exemplar: labels=1, value=2, timestamp=3.
public struct RemoteWriteEncoder: ~Copyable {
  /// The value that says a series has ended.
  public static let staleNaN = Double(bitPattern: 0x7ff0_0000_0000_0002)

  /// How many series were appended.
  public private(set) var seriesCount = 0
  private var buffer = ByteBuffer(capacity: 64 << 10)

  public init() {}

  /// Bytes so far, uncompressed.
  public var byteCount: Int { buffer.count }

  /// The request, uncompressed; valid until the encoder changes.
  public var view: ByteView { buffer.view }

  /// Adds a series. Labels are written in the order of their names' bytes, empty ones left out, as the specification
  /// asks.
  public mutating func append(_ series: RemoteWriteSeries) {
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
  public mutating func removeAll() {
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

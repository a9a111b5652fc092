public import JSON
import Platform

/// What a metrics query computed.
public struct MetricsResult: Sendable {
  /// In the order of their labels.
  public var series: [Series]
  public var intervals: Intervals
  /// How many bytes of trace data were looked at.
  public var inspectedBytes: Int
  /// Bad records passed over.
  public var skipped: Int
  /// Whether every series has one value over the whole range.
  public var isInstant = false

  /// Writes the body that Tempo answers a range or an instant query with.
  public func write(to json: inout JSONWriter) {
    json.beginObject()
    json.key("series")
    json.beginArray()
    for series in series {
      json.beginObject()
      json.key("labels")
      json.beginArray()
      for label in series.labels {
        json.beginObject()
        json.field("key", label.name)
        json.key("value")
        label.value.write(to: &json)
        json.endObject()
      }
      json.endArray()
      if isInstant {
        json.key("value")
        json.double(series.values.first ?? 0)
        json.endObject()
        continue
      }
      json.key("samples")
      json.beginArray()
      for (index, value) in series.values.enumerated() where !value.isNaN {
        json.beginObject()
        json.field("timestampMs", String(intervals.timestamp(index) / 1_000_000))
        json.key("value")
        json.double(value)
        json.endObject()
      }
      json.endArray()
      write(series, to: &json)
      json.endObject()
    }
    json.endArray()
    json.key("metrics")
    json.beginObject()
    json.field("inspectedBytes", String(inspectedBytes))
    json.key("completedJobs")
    json.int(1)
    json.key("totalJobs")
    json.int(1)
    json.endObject()
    json.endObject()
  }

  private func write(_ series: Series, to json: inout JSONWriter) {
    guard !series.exemplars.isEmpty else { return }
    json.key("exemplars")
    json.beginArray()
    for exemplar in series.exemplars {
      // Where spans are counted, the sample is the value.
      let index = Intervals.number(of: exemplar.time, step: intervals.step) - intervals.first
      let sample = series.values.indices.contains(index) ? series.values[index] : .nan
      if sample.isNaN { continue }
      json.beginObject()
      json.key("labels")
      json.beginArray()
      for label in [("trace:id", ResultValue.string(exemplar.traceID))] + series.labels {
        json.beginObject()
        json.field("key", label.0)
        json.key("value")
        label.1.write(to: &json)
        json.endObject()
      }
      json.endArray()
      json.key("value")
      json.double(exemplar.value.isNaN ? sample : exemplar.value)
      json.field("timestampMs", String(exemplar.time / UInt64(Nanoseconds.perMillisecond)))
      json.endObject()
    }
    json.endArray()
  }
}

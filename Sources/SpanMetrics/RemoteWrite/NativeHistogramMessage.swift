import OTLP
import Platform

/// The Histogram of remote write 1.0.
///
/// count=1 (integers), sum=3, schema=4, zero_threshold=5, zero_count=6, positive_spans=11 (offset=1, length=2),
/// positive_deltas=12, timestamp=15.
enum NativeHistogramMessage {
  /// Appends it as field 4 of a TimeSeries; `time` is Unix ms.
  static func append(_ native: NativeHistogram, sum: Double, time: Int64, _ buffer: inout ByteBuffer) {
    buffer.appendField(4, reserving: 2) { buffer in
      buffer.appendField(1, varint: native.count)
      buffer.appendField(3, double: sum)
      buffer.appendField(4, varint: zigzag(Int64(native.schema)))
      buffer.appendField(5, double: NativeHistogram.zeroThreshold)
      buffer.appendField(6, varint: native.zeroCount)
      buckets(native, spans: 11, deltas: 12, &buffer)
      buffer.appendField(15, varint: UInt64(bitPattern: time))
    }
  }

  /// Stretches of buckets, and how much each count differs from the one before.
  static func buckets(_ native: NativeHistogram, spans: Int, deltas: Int, _ buffer: inout ByteBuffer) {
    let stretches = native.spans
    for stretch in stretches {
      buffer.appendField(spans) { buffer in
        buffer.appendField(1, varint: zigzag(Int64(stretch.offset)))
        buffer.appendField(2, varint: UInt64(stretch.counts.count))
      }
    }
    if stretches.isEmpty { return }
    buffer.appendField(deltas, reserving: 2) { buffer in
      var before: Int64 = 0
      for stretch in stretches {
        for count in stretch.counts {
          let count = Int64(clamping: count)
          buffer.appendVarint(zigzag(count &- before))
          before = count
        }
      }
    }
  }

  static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }
}

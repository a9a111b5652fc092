import OTLP
import Platform

/// A trace that is not judged yet, with its spans as they came.
final class OpenTrace {
  let key: TraceKey
  /// The filters that its spans have matched.
  var mask: UInt64 = 0
  /// When its last spans came, in monotonic ns.
  var lastArrival: Int64
  private(set) var count = 0
  /// Each span after the number of its header and its length, four bytes each.
  private var spans: ByteBuffer
  private var headers: [ScopeHeader] = []
  /// The rows that have spans of it.
  private(set) var rows: [Int64] = []
  /// In the order of `lastArrival`; the shard keeps all of them alive.
  unowned(unsafe) var next: OpenTrace?
  unowned(unsafe) var previous: OpenTrace?

  private static let overhead = 320
  private static let prefix = 8

  init(_ key: TraceKey, room: Int, now: Int64) {
    self.key = key
    lastArrival = now
    spans = ByteBuffer(capacity: room + OpenTrace.prefix)
  }

  /// Bytes that it takes in memory, without the headers, which it may share.
  var size: Int { spans.allocatedCount + headers.count * 8 + rows.count * 8 + OpenTrace.overhead }

  /// Bytes of its spans.
  var spanBytes: Int { spans.count - count * OpenTrace.prefix }

  func append(_ span: ByteView, under header: ScopeHeader) {
    var number = headers.count - 1
    // Spans of one request come in order.
    if number < 0 || headers[number] !== header {
      number = headers.firstIndex { $0 === header } ?? headers.count
      if number == headers.count { headers.append(header) }
    }
    spans.append(littleEndian: UInt32(truncatingIfNeeded: number))
    spans.append(littleEndian: UInt32(truncatingIfNeeded: span.count))
    spans.append(span)
    count += 1
  }

  /// Notes that `row` has spans of it; whether that is new.
  func note(row: Int64) -> Bool {
    if rows.last == row { return false }
    rows.append(row)
    return true
  }

  func forEachSpan(_ body: (ByteView, ScopeHeader) -> Void) {
    var rest = spans.view
    while rest.count >= OpenTrace.prefix {
      let number = Int(UInt32(littleEndian: rest.start.loadUnaligned(as: UInt32.self)))
      let length = Int(UInt32(littleEndian: (rest.start + 4).loadUnaligned(as: UInt32.self)))
      body(rest[OpenTrace.prefix..<OpenTrace.prefix + length], headers[number])
      rest = rest.dropFirst(OpenTrace.prefix + length)
    }
  }
}

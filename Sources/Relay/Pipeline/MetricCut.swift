import OTLP
import Platform

/// Cuts one metric between its data points into metrics that have the same name, unit, metadata, temporality and so on.
struct MetricCut {
  /// All fields of the Metric but its data, as they are encoded.
  private let header: [UInt8]
  /// Before the data that come next: there is one field of them, but nothing breaks when there are more.
  private var metric: WireCursor
  private var data: Data?

  /// A Gauge, Sum or histogram whose points are being handed out.
  private struct Data {
    let field: Int
    /// All its fields but the points.
    let header: [UInt8]
    var points: WireCursor
    /// A point that found no room in the piece before.
    var next: ByteView?

    init(field: Int, _ message: ByteView) throws(WireError) {
      self.field = field
      header = try RequestSplitter.fields(of: message) { $0 != MetricData.pointTag }
      points = WireCursor(message)
    }

    mutating func nextPoint() throws(WireError) -> ByteView? {
      if let next {
        self.next = nil
        return next
      }
      while let tag = try points.nextTag() {
        if tag == MetricData.pointTag { return try points.bytes() }
        try points.skip(tag)
      }
      return nil
    }
  }

  init(_ message: ByteView) throws(WireError) {
    header = try RequestSplitter.fields(of: message) { !MetricData.isData($0) }
    metric = WireCursor(message)
  }

  /// Writes the next piece to `piece`, which it replaces, and returns how many data points it has; 0 when none are left.
  mutating func next(maxItems: Int, maxBytes: Int, into piece: inout ByteBuffer) throws(WireError) -> Int {
    piece.removeAll()
    while var data = try nextData() {
      let room = maxBytes - header.count - data.header.count - 12
      var points = 0
      var size = 0
      piece.append(header)
      piece.appendTag(data.field, .lengthDelimited)
      let mark = piece.beginLengthDelimited(reserving: 3)
      piece.append(data.header)
      while let point = try data.nextPoint() {
        size += point.count + 6
        if points > 0, points == maxItems || size > room {
          data.next = point
          break
        }
        piece.appendField(MetricData.pointTag.field, bytes: point)
        points += 1
      }
      piece.endLengthDelimited(mark, reserved: 3)
      self.data = data.next == nil ? nil : data
      if points > 0 { return points }
      piece.removeAll()
    }
    return 0
  }

  private mutating func nextData() throws(WireError) -> Data? {
    if let data { return data }
    while let tag = try metric.nextTag() {
      if MetricData.isData(tag) { return try Data(field: tag.field, metric.bytes()) }
      try metric.skip(tag)
    }
    return nil
  }
}

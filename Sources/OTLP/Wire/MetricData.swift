import Platform

/// The `oneof data` of a Metric: Gauge, Sum, Histogram, ExponentialHistogram or Summary, all of which hold their data
/// points in field 1.
public enum MetricData {
  /// The tag of the data points in any of them.
  public static let pointTag = WireTag(field: 1, .lengthDelimited)

  /// Whether `tag` begins one of them in a Metric.
  public static func isData(_ tag: WireTag) -> Bool {
    guard tag.wireType == WireType.lengthDelimited.rawValue else { return false }
    switch tag.field {
    case 5, 7, 9, 10, 11: return true
    default: return false
    }
  }

  /// The data points of a Metric, each of which is checked to be well-formed.
  ///
  /// - Parameter check: that of metrics.
  public static func countPoints(
    of metric: ByteView, _ check: ElementCheck = ElementCheck(.metrics)
  ) throws(WireError) -> Int {
    var points = 0
    var cursor = WireCursor(metric)
    while let tag = try cursor.nextTag() {
      guard isData(tag) else {
        try check.skip(tag, of: &cursor)
        continue
      }
      var data = WireCursor(try cursor.bytes())
      while let tag = try data.nextTag() {
        guard tag == pointTag else {
          if tag.field == pointTag.field { throw .badWireType(field: tag.field) }
          try data.skip(tag)
          continue
        }
        points += 1
        try RequestWalk.checkFields(of: data.bytes())
      }
    }
    return points
  }
}

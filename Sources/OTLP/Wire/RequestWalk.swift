import Platform

/// What a request of one of the three signals holds, found by walking it once without decoding.
public struct RequestWalk: Sendable, Equatable {
  /// Spans, data points of metrics, or log records: what a partial success counts.
  public var items: Int
  /// Spans, metrics or log records.
  public var elements: Int
  /// ResourceSpans, ResourceMetrics or ResourceLogs.
  public var resources: Int
  /// Whether some of it stands in the fields that held it before OTLP 1.0; see `OldNames`.
  public var hasOldNames: Bool

  /// Walks `request` and checks that it is well-formed: every length of Resource… > Scope… > element (the three requests
  /// have the same field numbers), of a metric down to its data points, and the fields of each item one level down, so
  /// that what a backend would refuse is refused here, before it shares a batch with other requests.
  @inlinable
  public init(_ request: ByteView, signal: OTLPSignal = .traces) throws(WireError) {
    var elements = 0
    var points = 0
    var resources = 0
    var hasOldNames = false
    let countsPoints = signal == .metrics
    let check = ElementCheck(signal)
    var top = WireCursor(request)
    while let tag = try top.nextTag() {
      guard tag.rawValue == 1 << 3 | 2 else {
        if tag.field == 1 { throw .badWireType(field: 1) }
        try top.skip(tag)
        continue
      }
      resources += 1
      var resource = WireCursor(try top.bytes())
      while let tag = try resource.nextTag() {
        if tag.rawValue != 2 << 3 | 2 {
          if tag.rawValue == 1 << 3 | 2 {
            try RequestWalk.checkFields(of: resource.bytes())
            continue
          }
          guard tag == OldNames.tag else {
            if tag.field <= 2 { throw .badWireType(field: tag.field) }
            try resource.skip(tag)
            continue
          }
          hasOldNames = true
        }
        var scope = WireCursor(try resource.bytes())
        while let tag = try scope.nextTag() {
          if tag.rawValue == 2 << 3 | 2 {
            elements += 1
            let element = try scope.bytes()
            if countsPoints {
              points += try MetricData.countPoints(of: element, check)
            } else {
              try check.check(element)
            }
          } else {
            if tag.field == 2 { throw .badWireType(field: 2) }
            try scope.skip(tag)
          }
        }
      }
    }
    self.items = countsPoints ? points : elements
    self.elements = elements
    self.resources = resources
    self.hasOldNames = hasOldNames
  }

  /// Checks that the fields of `message` fill it exactly.
  @inlinable
  static func checkFields(of message: ByteView) throws(WireError) {
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() { try cursor.skip(tag) }
  }
}

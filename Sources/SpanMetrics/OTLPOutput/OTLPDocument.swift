public import Platform

/// A snapshot as OTLP, a piece at a time: each piece is a whole request, and all of them one after the other are one too.
public enum OTLPDocument {
  /// Calls `body` with serialized requests.
  ///
  /// - Parameters:
  ///   - external: labels of every series; `job` and `instance` tell the resource.
  ///   - times: since when and up to when it was counted.
  public static func forEachRequest<Failure: Error>(
    _ snapshot: SpanMetricsSnapshot, external: [(name: String, value: String)],
    _ times: (start: Timestamp, end: Timestamp), isDelta: Bool, _ body: (ByteView) throws(Failure) -> Void
  ) throws(Failure) {
    let table = MetricTable(snapshot)
    let batch = OTLPBatch(
      nil, table, resource: OTLPResource(external), start: times.start.milliseconds, isDelta: isDelta)
    func flush() throws(Failure) {
      if batch.count > 0 { try batch.request(0..<batch.count).withByteView(body) }
      batch.removeAll()
    }
    for family in table.families {
      for place in 0..<table.count(family) {
        guard let point = table.point(family, place) else { continue }
        batch.append(family, point, .values(time: times.end.milliseconds, after: 0))
        if batch.isFull { try flush() }
      }
    }
    try flush()
  }
}

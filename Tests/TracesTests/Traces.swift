import Traces

/// A trace from lines of `id parent start end`, times in nanoseconds, parent 0 for none.
func trace(_ lines: [(id: UInt64, parent: UInt64, start: Int64, end: Int64)]) -> Trace {
  Trace(
    id: "01",
    spans: lines.map {
      TraceSpan(
        id: $0.id, parent: $0.parent, service: "s", name: "n\($0.id)", kind: .internal, start: $0.start, end: $0.end,
        isError: false, message: "", attributes: [], ownAttributes: 0)
    })
}

extension Trace {
  /// Ids of spans instead of their places.
  func ids(_ places: some Sequence<Int>) -> [UInt64] { places.map { spans[$0].id } }
}

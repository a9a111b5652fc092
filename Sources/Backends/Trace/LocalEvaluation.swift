import TraceQL

/// Evaluates TraceQL over traces that a store without it returned.
enum LocalEvaluation {
  /// The answer to a search over the traces in `otlp` (TracesData), in Tempo's shape.
  static func search(_ query: Query, _ request: TraceSearchRequest, otlp: [UInt8]) throws(BackendError) -> [UInt8] {
    throw .notSupported("TraceQL cannot be evaluated locally")
  }

  /// The answer to a metrics query likewise.
  static func metrics(_ query: Query, _ request: TraceMetricsRequest, otlp: [UInt8]) throws(BackendError) -> [UInt8] {
    throw .notSupported("TraceQL cannot be evaluated locally")
  }

  static func parse(_ text: String) throws(BackendError) -> Query {
    do throws(QueryError) {
      return try Query(parsing: text)
    } catch {
      throw .query(error.description)
    }
  }
}

import JSON
import TraceQL

/// Evaluates TraceQL over traces that a store without it returned.
enum LocalEvaluation {
  /// The answer to a search over the traces in `otlp` (TracesData), in Tempo's shape.
  static func search(_ query: Query, _ request: TraceSearchRequest, otlp: [UInt8]) throws(BackendError) -> [UInt8] {
    var options = LocalEngine.Options()
    options.limit = request.limit
    options.spansPerSpanset = request.spansPerSet
    var json = JSONWriter()
    do throws(EngineError) { try LocalEngine(query, options).search(.memory(otlp)).write(to: &json) } catch {
      throw .query(error.description)
    }
    return json.bytes
  }

  /// The answer to a metrics query likewise.
  static func metrics(_ query: Query, _ request: TraceMetricsRequest, otlp: [UInt8]) throws(BackendError) -> [UInt8] {
    var options = LocalEngine.Options()
    let start = UInt64(clamping: request.start.nanoseconds)
    let end = UInt64(clamping: request.end.nanoseconds)
    options.range = TimeRange(start: start, end: end)
    options.step = Int(clamping: request.step ?? Int64(clamping: max(end, start + 1) - start))
    var json = JSONWriter()
    do throws(EngineError) { try LocalEngine(query, options).metrics(.memory(otlp)).write(to: &json) } catch {
      throw .query(error.description)
    }
    return json.bytes
  }

  static func parse(_ text: String) throws(BackendError) -> Query {
    do throws(QueryError) {
      return try Query(parsing: text)
    } catch {
      throw .query(error.description)
    }
  }
}

import JSON
import OTLP
import TraceQL

/// Evaluates TraceQL over traces that a store without it returned.
enum LocalEvaluation {
  /// What a search finds among the traces in `otlp` (TracesData).
  static func search(
    _ query: Query, _ request: TraceSearchRequest, otlp: [UInt8]
  ) throws(BackendError) -> SearchResult {
    var options = LocalEngine.Options()
    options.limit = request.limit
    options.spansPerSpanset = request.spansPerSet
    do throws(EngineError) {
      return try LocalEngine(query, options).search(.memory(otlp))
    } catch {
      throw .query(error.description)
    }
  }

  /// The answer to a metrics query likewise; without a step it is one value over the whole
  /// range.
  static func metrics(_ query: Query, _ request: TraceMetricsRequest, otlp: [UInt8]) throws(BackendError) -> [UInt8] {
    var options = LocalEngine.Options()
    options.range = TimeRange(
      start: UInt64(clamping: request.start.nanoseconds), end: UInt64(clamping: request.end.nanoseconds))
    if let step = request.step { options.step = max(1, Int(step)) } else { options.isInstant = true }
    do throws(EngineError) {
      let result = try LocalEngine(query, options).metrics(.memory(otlp))
      var writer = JSONWriter()
      result.write(to: &writer)
      return writer.bytes
    } catch {
      throw .query(error.description)
    }
  }

  static func parse(_ text: String) throws(BackendError) -> Query {
    do throws(QueryError) {
      return try Query(parsing: text)
    } catch {
      throw .query(error.description)
    }
  }
}

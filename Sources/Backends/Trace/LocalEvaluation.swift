import JSON
import OTLP
import TraceQL

/// Evaluates TraceQL over traces that a store without it returned.
enum LocalEvaluation {
  /// The answer to a search over the traces in `otlp` (TracesData), in Tempo's shape.
  static func search(_ query: Query, _ request: TraceSearchRequest, otlp: [UInt8]) throws(BackendError) -> [UInt8] {
    var options = LocalEngine.Options()
    options.limit = request.limit
    options.spansPerSpanset = request.spansPerSet
    do throws(EngineError) {
      let result = try LocalEngine(query, options).search(.memory(otlp))
      var writer = JSONWriter()
      result.write(to: &writer)
      return writer.bytes
    } catch {
      throw .query(error.description)
    }
  }

  /// The answer to a metrics query likewise; without a step the whole range is one interval.
  static func metrics(_ query: Query, _ request: TraceMetricsRequest, otlp: [UInt8]) throws(BackendError) -> [UInt8] {
    var options = LocalEngine.Options()
    let length = max(1, Int(request.end.nanoseconds &- request.start.nanoseconds))
    options.range = TimeRange(
      start: UInt64(clamping: request.start.nanoseconds), end: UInt64(clamping: request.end.nanoseconds))
    options.step = request.step.map { max(1, Int($0)) } ?? length
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

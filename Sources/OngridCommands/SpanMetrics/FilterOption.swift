import SpanMetrics
import TraceQL

/// Options that hold a condition on spans.
enum FilterOption {
  /// - Parameter option: its name, for errors.
  static func condition(_ text: String, _ option: String) throws(CommandError) -> SpanCondition {
    let query: Query
    do throws(QueryError) { query = try Query(parsing: text) } catch {
      var failure = CommandError.usage("\(option): \(error)")
      failure.detail = error.excerpt
      throw failure
    }
    do throws(EngineError) {
      if let condition = try SpanCondition(query) { return condition }
    } catch {
      throw .usage("\(option): \(error)")
    }
    throw .usage("\(option): only conditions on single spans can filter, such as { kind = server }")
  }
}

import JSON
import MCP
import Platform
import TraceQL

/// `query_traceql`: what `ongrid traceql` finds.
struct SearchTool: InvestigatorTool {
  let store: SearchedStore

  private static let defaultLimit = 20

  var definition: MCPTool {
    MCPTool(
      "query_traceql",
      "Find traces, latest first, or with a metrics query such as `{status=error} | rate() by (resource.service.name)` "
        + "their series. At least one filter is needed. JSON.",
      [
        MCPParameter("query", "TraceQL, e.g. {resource.service.name=\"a\" && status=error && duration>1s}"),
        MCPParameter("service"), MCPParameter("operation", "Span name"),
        MCPParameter("min_duration", "Of the whole trace, e.g. 800ms"), MCPParameter("max_duration"),
        MCPParameter("device_id", .whole(1...Int.max), "resource.device_id"),
        MCPParameter("start", "RFC 3339 or now-2h. Default: an hour before end"), MCPParameter("end", "Default now"),
        MCPParameter("limit", .whole(1...1000), "Default \(SearchTool.defaultLimit)"),
      ])
  }

  func answer(_ arguments: MCPArguments, budget: Int, _ call: ToolCall) throws(ToolFailure) -> String {
    let (query, sent) = try query(arguments)
    let range = try range(arguments)
    do throws(SearchedStore.Failure) {
      if query.isMetrics {
        let length =
          range.map { $0.end.nanoseconds.subtractingSaturating($0.start.nanoseconds) } ?? 3600 * Nanoseconds.perSecond
        // Sixty samples at most, on whole seconds.
        let step = max(15, length / 60 / Nanoseconds.perSecond) * Nanoseconds.perSecond
        let result = try store.metrics(query, sent: sent, range: range, step: step, call)
        return SeriesAnswer(result: result, notes: call.notes).text(budget: budget)
      }
      let limit = arguments.whole("limit") ?? SearchTool.defaultLimit
      let result = try store.search(query, sent: sent, range: range, limit: limit, call)
      if result.traces.count >= limit { call.note("as many traces as the limit allows: there may be more") }
      if result.skipped > 0 { call.note("\(result.skipped) bad records were passed over") }
      // A server gives them in any order.
      let latest = result.traces.sorted { ($0.startTimeUnixNano, $0.traceID) > ($1.startTimeUnixNano, $1.traceID) }
      return SearchAnswer(traces: latest, notes: call.notes).text(budget: budget)
    } catch {
      throw ToolFailure(error.text)
    }
  }

  private func query(_ arguments: MCPArguments) throws(ToolFailure) -> (query: Query, sent: String) {
    var facets = TraceFacets()
    facets.service = arguments.text("service")
    facets.operation = arguments.text("operation")
    facets.minimum = try arguments.duration("min_duration")
    facets.maximum = try arguments.duration("max_duration")
    facets.deviceID = arguments.whole("device_id").map { String($0) }
    let read: (query: Query, text: String)?
    do throws(QueryError) {
      let text = try facets.narrowed(arguments.text("query"))
      if let text { read = try Query.portable(text) } else { read = nil }
    } catch {
      throw ToolFailure("query: \(error.description)")
    }
    guard let (query, text) = read else {
      throw ToolFailure("a filter is needed: query, service, operation, min_duration, max_duration or device_id")
    }
    guard query.hasFilter else {
      throw ToolFailure("the query has no filter: name a service, an operation, a duration or an attribute")
    }
    return (query, text)
  }

  /// Nil where nothing was asked for.
  private func range(_ arguments: MCPArguments) throws(ToolFailure) -> (start: Timestamp, end: Timestamp)? {
    let start = try arguments.time("start")
    let end = try arguments.time("end")
    guard start != nil || end != nil else { return nil }
    let last = end ?? .now
    let first = start ?? last.advanced(byNanoseconds: -3600 * Nanoseconds.perSecond)
    guard first < last else { throw ToolFailure("start must be before end") }
    return (first, last)
  }
}

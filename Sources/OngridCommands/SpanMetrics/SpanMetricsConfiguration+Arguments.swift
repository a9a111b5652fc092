import SpanMetrics
import TraceQL

extension SpanMetricsConfiguration {
  /// What the command line asks for.
  init(_ arguments: Arguments) throws(CommandError) {
    self.init()
    serviceLabels = arguments.strings(SpanMetricsOptions.serviceLabel).flatMap {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    dimensions = arguments.strings(SpanMetricsOptions.dimension)
    let separator = try arguments.string(SpanMetricsOptions.dimensionSeparator)
    for (name, value) in try arguments.pairs(SpanMetricsOptions.dimensionMap) {
      let sources = value.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
      dimensionMaps.append(DimensionMap(name: name, sources: sources, separator: separator))
    }
    includesStatusMessage = try arguments.flag(SpanMetricsOptions.statusMessage)
    if arguments.isGiven(SpanMetricsOptions.buckets) {
      latencyBuckets = try arguments.doubles(SpanMetricsOptions.buckets)
    }
    size = try arguments.choice(SpanMetricsOptions.size)
    if arguments.isGiven(SpanMetricsOptions.sizeBuckets) {
      sizeBuckets = try arguments.doubles(SpanMetricsOptions.sizeBuckets)
    }
    multiplierAttribute = arguments.stringIfGiven(SpanMetricsOptions.spanMultiplier)
    includesTargetInfo = try arguments.flag(SpanMetricsOptions.targetInfo)
    keepsExemplars = try arguments.flag(SpanMetricsOptions.exemplars)
    if try arguments.flag(SpanMetricsOptions.serviceGraph) {
      var graph = ServiceGraphConfiguration()
      if arguments.isGiven(SpanMetricsOptions.serviceGraphBuckets) {
        graph.latencyBuckets = try arguments.doubles(SpanMetricsOptions.serviceGraphBuckets)
      }
      graph.measuresMessaging = try arguments.flag(SpanMetricsOptions.serviceGraphMessaging)
      graph.maxWaiting = try arguments.int(SpanMetricsOptions.maxWaiting, in: 1...100_000_000)
      serviceGraph = graph
    }
    if let text = arguments.stringIfGiven(SpanMetricsOptions.filter) { filter = try Self.condition(text) }
    maxSeries = try arguments.int(SpanMetricsOptions.maxSeries, in: 1...50_000_000)
    externalLabels = try arguments.pairs(SpanMetricsOptions.label).map(\.name)
    if arguments.stringIfGiven(SpanMetricsOptions.remoteWrite) != nil { externalLabels += ["job", "instance"] }
    do throws(ConfigurationError) { try validate() } catch { throw .usage(error.description) }
  }

  private static func condition(_ text: String) throws(CommandError) -> SpanCondition {
    let query: Query
    do throws(QueryError) { query = try Query(parsing: text) } catch {
      var failure = CommandError.usage("--filter: \(error)")
      failure.detail = error.excerpt
      throw failure
    }
    do throws(EngineError) {
      if let condition = try SpanCondition(query) { return condition }
    } catch {
      throw .usage("--filter: \(error)")
    }
    throw .usage("--filter: only conditions on single spans can filter, such as { kind = server }")
  }
}

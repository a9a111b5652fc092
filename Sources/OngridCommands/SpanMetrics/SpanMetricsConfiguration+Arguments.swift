import SpanMetrics
import TraceQL

extension SpanMetricsConfiguration {
  /// What the command line asks for.
  init(_ arguments: Arguments) throws(CommandError) {
    self.init()
    try Self.checkNeeds(arguments)
    serviceLabels = arguments.names(SpanMetricsOptions.serviceLabel)
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
    usesTraceState = try arguments.flag(SpanMetricsOptions.spanMultiplierTraceState)
    includesTargetInfo = try arguments.flag(SpanMetricsOptions.targetInfo)
    targetInfoExclusions = arguments.strings(SpanMetricsOptions.targetInfoExclude)
    if arguments.isGiven(SpanMetricsOptions.instanceLabel) {
      includesInstance = try arguments.flag(SpanMetricsOptions.instanceLabel)
    }
    keepsExemplars = try arguments.flag(SpanMetricsOptions.exemplars)
    serviceGraph = try ServiceGraphOptions.configuration(arguments)
    if let text = arguments.stringIfGiven(SpanMetricsOptions.filter) { filter = try Self.condition(text) }
    maxSeries = try arguments.int(SpanMetricsOptions.maxSeries, in: 1...50_000_000)
    externalLabels = try arguments.pairs(SpanMetricsOptions.label).map(\.name)
    if arguments.stringIfGiven(SpanMetricsOptions.remoteWrite) != nil { externalLabels += ["job", "instance"] }
    do throws(ConfigurationError) { try validate() } catch { throw .usage(error.description) }
  }

  /// Refuses options that would do nothing because another is missing.
  private static func checkNeeds(_ arguments: Arguments) throws(CommandError) {
    let needs = [
      (SpanMetricsOptions.dimensionSeparator, SpanMetricsOptions.dimensionMap),
      (SpanMetricsOptions.targetInfoExclude, SpanMetricsOptions.targetInfo),
      (SpanMetricsOptions.instanceLabel, SpanMetricsOptions.targetInfo),
    ]
    for (option, other) in needs where arguments.isGiven(option) && !arguments.isGiven(other) {
      throw .usage("--\(option.name) needs --\(other.name)")
    }
    if arguments.isGiven(SpanMetricsOptions.sizeBuckets),
      try arguments.string(SpanMetricsOptions.size) != SizeMetrics.histogram.rawValue
    {
      throw .usage("--\(SpanMetricsOptions.sizeBuckets.name) needs --\(SpanMetricsOptions.size.name) histogram")
    }
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

extension Arguments {
  /// The names that a repeatable option gives, which may stand in one value with commas between them.
  func names(_ option: Option) -> [String] {
    strings(option).flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
  }
}

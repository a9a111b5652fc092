import SpanMetrics
import TraceQL

extension SpanMetricsConfiguration {
  /// What the command line asks for.
  init(_ arguments: Arguments) throws(CommandError) {
    self.init()
    try Self.checkNeeds(arguments)
    profile = try GeneratorOption.chosen(arguments)
    serviceLabels =
      arguments.isGiven(SpanMetricsOptions.serviceLabel)
      ? try arguments[SpanMetricsOptions.serviceLabel] : [profile.serviceLabel]
    latencyBuckets = profile.defaultBuckets
    dimensions = try arguments[SpanMetricsOptions.dimension]
    let separator = try arguments[SpanMetricsOptions.dimensionSeparator]
    for (name, value) in try arguments[SpanMetricsOptions.dimensionMap] {
      let sources = value.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
      dimensionMaps.append(DimensionMap(name: name, sources: sources, separator: separator))
    }
    includesStatusMessage = try arguments[SpanMetricsOptions.statusMessage]
    if let buckets = try arguments[SpanMetricsOptions.buckets] { latencyBuckets = buckets }
    histograms =
      profile.isNative && !arguments.isGiven(SpanMetricsOptions.histograms)
      ? .native : try arguments[SpanMetricsOptions.histograms]
    nativeHistograms.factor = try arguments[SpanMetricsOptions.nativeFactor]
    nativeHistograms.maxBuckets = try arguments[SpanMetricsOptions.nativeMaxBuckets]
    size = try arguments[SpanMetricsOptions.size]
    if let buckets = try arguments[SpanMetricsOptions.sizeBuckets] { sizeBuckets = buckets }
    multiplierAttribute = try arguments[SpanMetricsOptions.spanMultiplier]
    usesTraceState = try arguments[SpanMetricsOptions.spanMultiplierTraceState]
    includesTargetInfo = try arguments[SpanMetricsOptions.targetInfo]
    targetInfoExclusions = try arguments[SpanMetricsOptions.targetInfoExclude]
    includesInstance = try arguments[SpanMetricsOptions.instanceLabel]
    keepsExemplars = try arguments[SpanMetricsOptions.exemplars]
    serviceGraph = try ServiceGraphOptions.configuration(arguments)
    if let text = try arguments[SpanMetricsOptions.filter] { filter = try Self.condition(text) }
    maxSeries = try arguments[SpanMetricsOptions.maxSeries]
    externalLabels = try arguments[SpanMetricsOptions.label].map(\.name)
    if try arguments[SpanMetricsOptions.remoteWrite] != nil { externalLabels += ["job", "instance"] }
    do throws(ConfigurationError) { try validate() } catch { throw .usage(error.description) }
  }

  /// Refuses options that would do nothing because another is missing.
  private static func checkNeeds(_ arguments: Arguments) throws(CommandError) {
    let needs: [(any CommandOption, any CommandOption)] = [
      (SpanMetricsOptions.dimensionSeparator, SpanMetricsOptions.dimensionMap),
      (SpanMetricsOptions.targetInfoExclude, SpanMetricsOptions.targetInfo),
      (SpanMetricsOptions.instanceLabel, SpanMetricsOptions.targetInfo),
    ]
    for (option, other) in needs where arguments.isGiven(option) && !arguments.isGiven(other) {
      throw .usage("--\(option.name) needs --\(other.name)")
    }
    if arguments.isGiven(SpanMetricsOptions.sizeBuckets),
      try arguments[SpanMetricsOptions.size] != .histogram
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

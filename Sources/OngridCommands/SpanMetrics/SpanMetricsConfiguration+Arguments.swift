import Backends
import MetricProfiles
import SpanMetrics

extension SpanMetricsConfiguration {
  /// What the command line asks for.
  init(_ arguments: Arguments) throws(CommandError) {
    self.init()
    try Self.checkNeeds(arguments)
    profile = try GeneratorOption.chosen(arguments)
    if let namespace = try arguments[SpanMetricsOptions.namespace] { profile = try Self.named(profile, namespace) }
    serviceLabels =
      arguments.isGiven(SpanMetricsOptions.serviceLabel)
      ? try arguments[SpanMetricsOptions.serviceLabel] : [profile.serviceLabel]
    latencyBuckets = profile.defaultBuckets
    dimensions = try arguments[SpanMetricsOptions.dimension]
    for (key, value) in try arguments[SpanMetricsOptions.dimensionDefault] { dimensionDefaults[key] = value }
    dimensionMaps = try Self.dimensionMaps(arguments)
    for name in try arguments[SpanMetricsOptions.excludeDimension] { excluded.insert(try ownLabel(name)) }
    if try arguments[SpanMetricsOptions.clusterSpanNames] { clusters = SpanNameClusters() }
    parts.calls = try arguments[SpanMetricsOptions.calls]
    parts.latency = try arguments[SpanMetricsOptions.latency]
    if arguments.isGiven(SpanMetricsOptions.eventDimension) {
      eventDimensions = try arguments[SpanMetricsOptions.eventDimension]
    }
    if try arguments[SpanMetricsOptions.hostInfo] {
      hostIdentifiers = try arguments[SpanMetricsOptions.hostIdentifier]
    }
    maxLabelValues = try arguments[SpanMetricsOptions.maxLabelValues] ?? 0
    maxLabelBytes = try arguments[SpanMetricsOptions.maxLabelLength]
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
    if let text = try arguments[SpanMetricsOptions.filter] { filter = try FilterOption.condition(text, "--filter") }
    maxSeries = try arguments[SpanMetricsOptions.maxSeries]
    externalLabels = try arguments[SpanMetricsOptions.label].map(\.name)
    let (prometheus, otlp) = (try arguments[SpanMetricsOptions.remoteWrite], try arguments[SpanMetricsOptions.toOTLP])
    if prometheus != nil || otlp != nil { externalLabels += ["job", "instance"] }
    do throws(ConfigurationError) { try validate() } catch { throw .usage(error.description) }
  }

  /// Maps with what joins their values: the separator that names the map, else the one that names none.
  private static func dimensionMaps(_ arguments: Arguments) throws(CommandError) -> [DimensionMap] {
    var maps: [DimensionMap] = []
    for (name, value) in try arguments[SpanMetricsOptions.dimensionMap] {
      let sources = value.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
      maps.append(DimensionMap(name: name, sources: sources))
    }
    var common = ""
    var own: [String: String] = [:]
    for text in try arguments[SpanMetricsOptions.dimensionSeparator] {
      if let map = maps.first(where: { text.hasPrefix($0.name + "=") }) {
        own[map.name] = String(text.dropFirst(map.name.count + 1))
      } else {
        common = text
      }
    }
    return maps.map { DimensionMap(name: $0.name, sources: $0.sources, separator: own[$0.name] ?? common) }
  }

  private static func named(_ profile: MetricProfile, _ namespace: String) throws(CommandError) -> MetricProfile {
    let name = namespace.split(separator: ".").joined(separator: "_")
    guard namespace.isEmpty || LabelName.isFree(name) else {
      throw .usage("--namespace \(namespace): not the beginning of a metric's name")
    }
    return profile.named(in: namespace)
  }

  /// The label of the span's own with this name, in whatever dialect.
  private func ownLabel(_ name: String) throws(CommandError) -> OwnLabel {
    switch name {
    case "service", "service.name", profile.serviceLabel: return .service
    case "span_name", "span.name", profile.operationLabel: return .name
    case "span_kind", "span.kind", profile.kindLabel: return .kind
    case "status_code", "status.code", profile.statusLabel: return .status
    default:
      throw .usage(
        "--exclude-dimension \(name): there are service, span_name, span_kind and status_code to leave out")
    }
  }

  /// Refuses options that would do nothing because another is missing.
  private static func checkNeeds(_ arguments: Arguments) throws(CommandError) {
    let needs: [(any CommandOption, any CommandOption)] = [
      (SpanMetricsOptions.dimensionSeparator, SpanMetricsOptions.dimensionMap),
      (SpanMetricsOptions.targetInfoExclude, SpanMetricsOptions.targetInfo),
      (SpanMetricsOptions.instanceLabel, SpanMetricsOptions.targetInfo),
      (SpanMetricsOptions.hostIdentifier, SpanMetricsOptions.hostInfo),
      (SpanMetricsOptions.dimensionDefault, SpanMetricsOptions.dimension),
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
}

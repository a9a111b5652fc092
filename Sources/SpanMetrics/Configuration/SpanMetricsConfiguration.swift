import Backends
public import MetricProfiles
public import TraceQL

/// What is derived from spans. The defaults are those of Tempo's metrics generator, except for the name of the service
/// label and the size family, which is off.
public struct SpanMetricsConfiguration: Sendable {
  /// How the metrics of spans are named and labelled, and the unit of their latencies.
  public var profile = MetricProfile.tempo
  /// Labels that hold the service's name; one or several, in any order.
  public var serviceLabels = ["service_name"]
  /// Labels of the span's own that are left out; what they told apart is one series then.
  public var excluded: Set<OwnLabel> = []
  /// Which metrics are written.
  public var parts = MetricParts()
  /// Adds the status message as the label `status_message`.
  public var includesStatusMessage = false
  /// Attributes that become labels, looked up on the span and then on its resource.
  public var dimensions: [String] = []
  /// Values of dimensions where neither the span nor its resource has the attribute.
  public var dimensionDefaults: [String: String] = [:]
  /// Labels made of several attributes.
  public var dimensionMaps: [DimensionMap] = []
  /// Upper bounds of the latency buckets in seconds, ascending.
  public var latencyBuckets = exponentialBuckets(start: 0.002, count: 14)
  /// Which buckets latencies have where the format has both.
  public var histograms = HistogramForm.classic
  public var nativeHistograms = NativeHistogramSettings()
  public var size = SizeMetrics.off
  /// Upper bounds of the size buckets in bytes, ascending.
  public var sizeBuckets = exponentialBuckets(start: 128, count: 12)
  /// An attribute holding a sampling ratio: a span counts 1 / ratio times.
  public var multiplierAttribute: String?
  /// Lets a span count as often as the sampling threshold in its W3C tracestate says (`ot=th:8` is twice), before
  /// `multiplierAttribute`.
  public var usesTraceState = false
  /// Adds `traces_target_info` with the resource's attributes, and `job` and `instance` to every series.
  public var includesTargetInfo = false
  /// Resource attributes left out of `traces_target_info`.
  public var targetInfoExclusions: [String] = []
  /// Whether the label `instance` is written, where `job` is.
  public var includesInstance = true
  /// Keeps trace ids of slow and of failed spans.
  public var keepsExemplars = false
  /// The calls between services; nil when they are not wanted.
  public var serviceGraph: ServiceGraphConfiguration?
  /// Most series (label sets) kept; spans beyond them are counted in one overflow series.
  public var maxSeries = 100_000
  /// Most values of one label; the rest is counted under `LabelLimits.overflow`. 0 for any number.
  public var maxLabelValues = 0
  /// Most bytes of a label's value.
  public var maxLabelBytes = Interner.maxValueBytes
  /// What replaces span names by patterns that fit many, as Tempo's span name sanitization does; one for all who read.
  public var clusters: SpanNameClusters?
  /// Resource attributes of which the first present names the host in `traces_host_info`; none for no such metric.
  public var hostIdentifiers: [String] = []
  /// Attributes of events that tell apart what the counter of events counts; nil for no such metric.
  public var eventDimensions: [String]?
  /// Label names that whoever writes the metrics adds to them: dimensions keep clear of these.
  public var externalLabels: [String] = []
  /// Spans that ended before this moment (ns since 1970) are left out.
  public var notBefore: UInt64 = 0
  /// Spans that did not start in this stretch (ns since 1970) are left out.
  public var range: Range<UInt64>?
  /// Spans for which this does not hold are left out.
  public var filter: SpanCondition?

  public init() {}

  /// Bounds that double from `start`.
  public static func exponentialBuckets(start: Double, count: Int) -> [Double] {
    var bound = start
    return (0..<max(0, count)).map { _ in
      defer { bound *= 2 }
      return bound
    }
  }

  /// Whether spans may count other than once.
  var isWeighted: Bool { multiplierAttribute != nil || usesTraceState }

  /// What tells whether saved counters can go on: everything that shapes labels, buckets and what is kept of them.
  var fingerprint: String {
    let plan = LabelPlan(self)
    var parts = plan.columns.map { "\($0.name)=\($0.sources)" } + plan.extras.map { "\($0)" } + plan.attributes
    parts += [
      "\(profile.latencyUnit)", "\(latencyBuckets)", "\(size)", "\(sizeBuckets)", "\(isWeighted)",
      "\(includesTargetInfo)",
    ]
    if !excluded.isEmpty { parts.append("without \(excluded.map { "\($0)" }.sorted())") }
    if !dimensionDefaults.isEmpty {
      parts.append("\(dimensionDefaults.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })")
    }
    if let eventDimensions { parts.append("events \(eventDimensions)") }
    if histograms != .classic { parts.append("native \(nativeHistograms)") }
    if let graph = serviceGraph {
      parts += [
        "\(graph.latencyBuckets)", "\(graph.dimensions)", "\(graph.prefixesDimensions)", "\(graph.labelsVirtualNodes)",
        "\(graph.measuresMessaging)",
      ]
    }
    return parts.joined(separator: ";")
  }

  /// What was done about dimensions whose label names collide, a line each, for whoever runs this.
  public var notes: [String] {
    LabelPlan(self).notes + (serviceGraph.map { EdgeLabelPlan($0, externalLabels: externalLabels).notes } ?? [])
  }

  /// What is wrong with the configuration, if anything, as one clear line.
  public func validate() throws(ConfigurationError) {
    try Self.validate(bounds: latencyBuckets, "latency buckets")
    try Self.validate(bounds: sizeBuckets, "size buckets")
    if let graph = serviceGraph { try Self.validate(bounds: graph.latencyBuckets, "service graph buckets") }
    if !(nativeHistograms.factor > 1) { throw ConfigurationError("the factor of native histograms must be above 1") }
    if !(1...Interner.maxValueBytes).contains(maxLabelBytes) {
      throw ConfigurationError("a label's value can have 1 to \(Interner.maxValueBytes) bytes")
    }
    for (key, _) in dimensionDefaults where !dimensions.contains(key) {
      throw ConfigurationError("a default is for a dimension, and '\(key)' is none")
    }
    if serviceLabels.isEmpty { throw ConfigurationError("a service label is needed") }
    for label in serviceLabels where !LabelName.isFree(label) {
      throw ConfigurationError("'\(label)' is not a Prometheus label name")
    }
    for label in externalLabels where ownLabels.contains(label) {
      throw ConfigurationError("the label '\(label)' cannot be added: series have one of that name")
    }
    let sources = (eventDimensions ?? []).count + dimensions.count + dimensionMaps.reduce(0) { $0 + $1.sources.count }
    if sources > 40 { throw ConfigurationError("at most 40 attributes can become labels, not \(sources)") }
    for map in dimensionMaps where map.name.isEmpty || map.sources.isEmpty || map.sources.contains("") {
      throw ConfigurationError("a mapped dimension needs a name and attributes")
    }
    if let graph = serviceGraph {
      if GraphKeys.count(graph) + sources > 60 {
        throw ConfigurationError("at most 60 attributes can be looked at, those of the service graph included")
      }
      if graph.dimensions.contains("") { throw ConfigurationError("a dimension needs a name") }
    }
    if (dimensions + (eventDimensions ?? [])).contains("") { throw ConfigurationError("a dimension needs a name") }
    if maxSeries < 1 { throw ConfigurationError("at least one series is needed") }
  }

  /// Names that labels have whatever the dimensions are.
  private var ownLabels: [String] {
    var labels = serviceLabels + LabelPlan.own(profile) + LabelPlan.special
    if includesStatusMessage { labels.append("status_message") }
    if serviceGraph != nil { labels += EdgeLabelPlan.ownLabels }
    return labels
  }

  private static func validate(bounds: [Double], _ what: String) throws(ConfigurationError) {
    if bounds.isEmpty || bounds.count > 256 { throw ConfigurationError("\(what): between 1 and 256 are needed") }
    for (index, bound) in bounds.enumerated() {
      if !(bound > 0) || !bound.isFinite || bound > 1e9 {
        throw ConfigurationError("\(what): \(bound) is not between 0 and 1e9")
      }
      if index > 0 && bound <= bounds[index - 1] {
        throw ConfigurationError("\(what) must ascend: \(bound) follows \(bounds[index - 1])")
      }
    }
  }
}

/// A label that tells something of the span itself.
public enum OwnLabel: String, Sendable, CaseIterable {
  case service
  case name = "span_name"
  case kind = "span_kind"
  case status = "status_code"
}

/// Which metrics of spans are written.
public struct MetricParts: Sendable {
  public var calls = true
  public var latency = true

  public init() {}
}

/// A label whose value joins the values of several attributes; those that are absent or empty are left out.
public struct DimensionMap: Sendable, Equatable {
  public var name: String
  public var sources: [String]
  /// Stands between two values.
  public var separator: String

  public init(name: String, sources: [String], separator: String = "") {
    self.name = name
    self.sources = sources
    self.separator = separator
  }
}

/// How span sizes (bytes of the protobuf encoding) are reported.
public enum SizeMetrics: String, Sendable, CaseIterable {
  case off
  /// `traces_spanmetrics_size_bucket|sum|count`.
  case histogram
  /// `traces_spanmetrics_size_total`, Tempo's counter of bytes.
  case total
}

/// A configuration that cannot work, as one clear line.
public struct ConfigurationError: Error, CustomStringConvertible, Sendable {
  public let description: String
  public init(_ description: String) { self.description = description }
}

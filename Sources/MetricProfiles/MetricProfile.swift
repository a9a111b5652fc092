/// How a generator of span metrics names and shapes what it writes: defined once for who writes such metrics and for who
/// asks for them.
public struct MetricProfile: Sendable, Equatable {
  /// The unit that latencies are counted in.
  public enum LatencyUnit: String, Sendable, CaseIterable {
    case seconds = "s"
    case milliseconds = "ms"

    /// How many of the unit a second has.
    public var perSecond: Double { self == .seconds ? 1 : 1000 }
  }

  /// The name on the command line.
  public var name: String
  /// The counter of calls.
  public var calls: String
  /// The histogram of latencies, without `_bucket`, `_sum` and `_count`.
  public var latency: String
  public var latencyUnit: LatencyUnit
  /// Whether the histogram is a native one, which is one series without `le`.
  public var isNative: Bool
  /// The label that holds the service's name.
  public var serviceLabel: String
  /// The label that holds the operation, a span's name.
  public var operationLabel: String
  /// The label that holds the kind of span, and what stands before the kind in upper case.
  public var kindLabel: String
  public var kindPrefix: String
  /// The label that tells whether a call failed, and its value when it did.
  public var statusLabel: String
  public var errorStatus: String
  /// Upper bounds of the finite buckets unless configured otherwise, in seconds, ascending.
  public var defaultBuckets: [Double]
  /// What the names of size metrics begin with.
  public var sizePrefix = "traces_spanmetrics"
  /// How OTLP has it; nil where that is no different.
  public var otlp: OTLPMetricNames?

  public init(
    name: String, calls: String, latency: String, latencyUnit: LatencyUnit, isNative: Bool = false,
    serviceLabel: String = "service_name", operationLabel: String = "span_name", kindLabel: String = "span_kind",
    kindPrefix: String = "SPAN_KIND_", statusLabel: String = "status_code", errorStatus: String = "STATUS_CODE_ERROR",
    defaultBuckets: [Double] = tempoBuckets, otlp: OTLPMetricNames? = nil
  ) {
    self.name = name
    self.calls = calls
    self.latency = latency
    self.latencyUnit = latencyUnit
    self.isNative = isNative
    self.serviceLabel = serviceLabel
    self.operationLabel = operationLabel
    self.kindLabel = kindLabel
    self.kindPrefix = kindPrefix
    self.statusLabel = statusLabel
    self.errorStatus = errorStatus
    self.defaultBuckets = defaultBuckets
    self.otlp = otlp
  }

  /// The series of the histogram that queries read: its buckets, or the histogram itself where it is native.
  public var latencySeries: String { isNative ? latency : latency + "_bucket" }

  /// The counter of the spans' events.
  public var events: String { Self.events(calls, suffix: "_total") }

  fileprivate static func events(_ calls: String, suffix: String) -> String {
    let end = "calls" + suffix
    return (calls.hasSuffix(end) ? String(calls.dropLast(end.count)) : calls + "_") + "events" + suffix
  }

  /// The value of the kind label for a kind in lower case.
  public func kindValue(_ kind: String) -> String { kindPrefix + kind.uppercased() }
}

/// The names of metrics and attributes where they go by OTLP.
public struct OTLPMetricNames: Sendable, Equatable {
  public var calls: String
  public var latency: String
  public var service = "service.name"
  public var operation = "span.name"
  public var kind = "span.kind"
  public var status = "status.code"

  /// The counter of the spans' events.
  public var events: String { MetricProfile.events(calls, suffix: "") }

  public init(calls: String, latency: String, operation: String = "span.name") {
    self.calls = calls
    self.latency = latency
    self.operation = operation
  }
}

extension MetricProfile {
  /// The profile with other names of its metrics, those of `namespace`.
  public func named(in namespace: String) -> MetricProfile {
    var profile = self
    let prefix = namespace.isEmpty ? "" : namespace + "_"
    profile.calls = prefix + "calls_total"
    profile.sizePrefix = namespace
    switch (otlp, latencyUnit) {
    case (nil, _): profile.latency = prefix + "latency"
    case (_, .seconds): profile.latency = prefix + "duration_seconds"
    case (_, .milliseconds): profile.latency = prefix + "duration_milliseconds"
    }
    if otlp != nil {
      let dotted = namespace.isEmpty ? "" : namespace + "."
      profile.otlp?.calls = dotted + "calls"
      profile.otlp?.latency = dotted + "duration"
      func clean(_ name: String) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.map { $0 == "." ? "_" : $0 }))
      }
      profile.calls = clean(profile.calls)
      profile.latency = clean(profile.latency)
    }
    return profile
  }

  /// Tempo's bounds, and those of `ongrid spanmetrics`: 2 ms, doubled thirteen times.
  public static let tempoBuckets: [Double] = (0...13).map { Double(2 << $0) / 1000 }

  /// The bounds of the collector's span metrics connector.
  public static let connectorBuckets = [
    0.002, 0.004, 0.006, 0.008, 0.01, 0.05, 0.1, 0.2, 0.4, 0.8, 1, 1.4, 2, 5, 10, 15,
  ]

  /// Tempo's metrics generator and `ongrid spanmetrics`, with classic histograms.
  public static let tempo = MetricProfile(
    name: "tempo", calls: "traces_spanmetrics_calls_total", latency: "traces_spanmetrics_latency", latencyUnit: .seconds
  )

  /// Tempo's metrics generator with native histograms.
  public static let tempoNative = {
    var profile = tempo
    profile.name = "tempo-native"
    profile.isNative = true
    return profile
  }()

  /// The collector's span metrics connector, in milliseconds, as Prometheus' exporter and receiver name its metrics.
  public static let connector = MetricProfile(
    name: "otel-connector", calls: "traces_span_metrics_calls_total",
    latency: "traces_span_metrics_duration_milliseconds", latencyUnit: .milliseconds, defaultBuckets: connectorBuckets,
    otlp: OTLPMetricNames(calls: "traces.span.metrics.calls", latency: "traces.span.metrics.duration"))

  /// The same with `histogram.unit: s`.
  public static let connectorSeconds = {
    var profile = connector
    profile.name = "otel-connector-s"
    profile.latency = "traces_span_metrics_duration_seconds"
    profile.latencyUnit = .seconds
    return profile
  }()

  /// The connector before it had a namespace.
  public static let connectorWithoutNamespace = {
    var profile = connector
    profile.name = "otel-connector-bare"
    profile.calls = "calls_total"
    profile.latency = "duration_milliseconds"
    profile.otlp = OTLPMetricNames(calls: "calls", latency: "duration")
    return profile
  }()

  /// The collector's former span metrics processor.
  public static let processor = {
    var profile = connector
    profile.name = "otel-processor"
    profile.calls = "calls_total"
    profile.latency = "latency"
    profile.otlp = OTLPMetricNames(calls: "calls", latency: "latency", operation: "operation")
    profile.operationLabel = "operation"
    return profile
  }()

  /// Every profile that has a name.
  public static let all = [tempo, tempoNative, connector, connectorSeconds, connectorWithoutNamespace, processor]

  /// The profile with this name.
  public static func named(_ name: String) -> MetricProfile? { all.first { $0.name == name } }
}

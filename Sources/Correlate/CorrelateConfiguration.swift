import Backends
import OTLP
import Platform
public import TraceFormats
public import Transport

/// Where to ask and how much to take.
public struct CorrelateConfiguration: Sendable {
  public var prometheus: HTTPURL?
  public var loki: HTTPURL?
  public var tempo: HTTPURL?
  /// A Jaeger or a Zipkin instead of Tempo.
  public var jaeger: HTTPURL?
  public var zipkin: HTTPURL?
  /// Trace files instead of a server.
  public var files: [String] = []
  public var fileOptions = TraceInputOptions()
  public var skipsBadRecords = false
  /// Credentials and TLS of each source: what is for one is not for the others.
  public var prometheusHTTP = HTTPOptions()
  public var lokiHTTP = HTTPOptions()
  public var tempoHTTP = HTTPOptions()
  public var jaegerHTTP = HTTPOptions()
  public var zipkinHTTP = HTTPOptions()
  /// Nanoseconds; half of it lies after the incident.
  public var windowLength = 30 * 60 * Nanoseconds.perSecond
  /// Nanoseconds before the window that it is compared with.
  public var baselineLength = CorrelationWindow.defaultBaseline
  /// For each source, nanoseconds.
  public var timeout = 10 * Nanoseconds.perSecond
  /// Grafana, for links.
  public var grafana: HTTPURL?
  /// Loki stream selector; nil for the service's own.
  public var logSelector: String?
  /// The label of the metrics that holds the service.
  public var serviceLabel = "service_name"
  /// How many incidents are worked on at once.
  public var maximumConcurrency = 4

  public init() {}

  /// Whether there is anything to ask.
  public var hasSource: Bool { prometheus != nil || loki != nil || traceStore != nil || !files.isEmpty }

  /// The server to ask for traces.
  var traceStore: TraceStore? {
    if let tempo { return TraceStore(kind: .tempo, url: tempo, options: tempoHTTP) }
    if let jaeger { return TraceStore(kind: .jaeger, url: jaeger, options: jaegerHTTP) }
    return zipkin.map { TraceStore(kind: .zipkin, url: $0, options: zipkinHTTP) }
  }

  /// Bodies above are not read: memory stays bounded whatever a server sends.
  static let maximumResponse = 8 << 20
  /// Several answers are in memory at once.
  static let maximumValues = 300_000

  /// Two attempts, so that a short failure does not cost a source, and a long one not the others' time.
  static let retry = RetryPolicy(
    initial: .milliseconds(100), maximum: .milliseconds(500), giveUpAfter: .seconds(5), maximumAttempts: 2)
}

/// One incident with all that its sources need to know.
struct CorrelationTask: Sendable {
  var configuration: CorrelateConfiguration
  var incident: Incident
  var service: String
  var window: CorrelationWindow
  /// On the clock of `monotonicNanoseconds`.
  var deadline: Int64
  var cancellation: HTTPCancellation?

  func prepare(_ client: BackendClient) {
    client.deadline = deadline
    client.cancellation = cancellation
    client.maximumResponse = CorrelateConfiguration.maximumResponse
    client.maximumValues = CorrelateConfiguration.maximumValues
  }
}

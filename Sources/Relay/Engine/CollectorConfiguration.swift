import HTTPServer
import Platform
import Transport

/// The relay's settings as the configuration of an OpenTelemetry Collector.
///
/// Every component and key is one that the releases from 0.130 (July 2025) on understand: the exporters go by their old
/// names `otlp` and `otlphttp`, which later releases take for `otlp_grpc` and `otlp_http`, and batches are made by the
/// exporter's queue. The older batch processor answers a client before its data is in the queue, and drops it when the
/// queue is full. `otelcol` has all but the queue on disk and bearer tokens, for which `otelcol-contrib` is needed.
///
/// Secrets are not in the text: they are in `environment`, which the text refers to.
public struct CollectorConfiguration: Sendable {
  /// YAML for the collector's `--config`.
  public let text: String
  /// Variables that the collector must be started with.
  public let environment: [(name: String, value: String)]

  /// What the relay's settings do not say.
  public struct Options: Sendable {
    /// What ends a batch. A collector's batch has one limit where the relay's has two.
    public enum BatchLimit: Sendable { case items, bytes }

    public var batchLimit = BatchLimit.items
    /// Where the collector says whether it is well.
    public var health = ListenAddress(host: "127.0.0.1", port: 13133)
    /// Where the collector serves `/metrics`; `nil`: nowhere.
    public var metrics: ListenAddress?
    public var logLevel = LogLevel.info

    public init() {}
  }

  /// Reads the files that hold secrets. Fails for settings that no collector can follow.
  public init(_ relay: RelayConfiguration, _ options: Options = Options()) throws(RelayError) {
    try CollectorConfiguration.check(relay)
    var writer = CollectorConfigurationWriter(relay, options)
    try writer.write()
    text = writer.yaml.text
    environment = writer.secrets.variables
  }

  private static func check(_ relay: RelayConfiguration) throws(RelayError) {
    func refuse(_ what: String) throws(RelayError) -> Never {
      throw .badSetting("a collector cannot \(what); leave --engine otelcol out")
    }
    if relay.stage != nil || relay.rewriter != nil { try refuse("sample or redact") }
    if relay.tee != nil { try refuse("copy what passes (--tee)") }
    if !relay.inheritedSockets.isEmpty { try refuse("take sockets from the service manager") }
    if let path = relay.listenHTTP?.path { try refuse("receive HTTP on a Unix socket (unix:\(path))") }
    if relay.listenGRPC == nil && relay.listenHTTP == nil {
      throw .badSetting("a collector needs one of --listen-grpc and --listen-http")
    }
    for destination in relay.destinations {
      if destination.url == "-" { try refuse("write to standard output") }
      if destination.url.hasPrefix("file:"), destination.url.hasSuffix(".gz") {
        try refuse("write '\(destination.url)' compressed")
      }
    }
  }
}

/// Secrets and the environment variables that carry them.
struct CollectorSecrets {
  private(set) var variables: [(name: String, value: String)] = []

  /// The name of a variable that gives exactly `value` where a configuration refers to it.
  mutating func variable(for value: String) -> String {
    let name = "ONGRID_COLLECTOR_SECRET_\(variables.count)"
    variables.append((name, YAMLWriter.literal(value)))
    return name
  }
}

import Backends
import Compression
import OTLP
import Platform

/// The relay's settings as the configuration of an OpenTelemetry Collector.
///
/// Secrets are not in the text: they are in `environment`, which the text refers to.
public struct CollectorConfiguration: Sendable {
  /// YAML for the collector's `--config`.
  public let text: String
  /// Variables that the collector must be started with.
  public let environment: [(name: String, value: String)]

  public init(_ configuration: RelayConfiguration) throws(RelayError) {
    var builder = Builder(configuration)
    try builder.build()
    text = builder.yaml.text
    environment = builder.secrets
  }

  private struct Builder {
    let relay: RelayConfiguration
    var yaml = YAMLText()
    var secrets: [(name: String, value: String)] = []
    /// Names of exporters by signal, and of extensions, as they are written.
    var exporters: [(OTLPSignal, String)] = []
    var extensions: [String] = []

    init(_ relay: RelayConfiguration) { self.relay = relay }

    mutating func build() throws(RelayError) {
      if relay.tee == "-" || relay.destinations.contains(where: { $0.url == "-" }) {
        throw .badSetting("a collector cannot write to standard output; use the native engine")
      }
      if relay.tee != nil { throw .badSetting("--tee needs the native engine") }
      writeExtensions()
      writeReceivers()
      writeProcessors()
      try writeExporters()
      writeService()
    }

    /// A reference to a secret, which goes to the environment.
    private mutating func secret(_ value: String) -> String {
      let name = "ONGRID_COLLECTOR_SECRET_\(secrets.count)"
      secrets.append((name, value))
      return "${env:\(name)}"
    }

    /// In a collector's configuration a dollar sign begins a reference.
    private func literal(_ value: String) -> String {
      value.map { $0 == "$" ? "$$" : String($0) }.joined()
    }

    private mutating func writeExtensions() {
      let relay = relay
      var names: [String] = []
      // A section without content would be null, which the collector takes for an empty one.
      yaml.section("extensions") { yaml in
        if let admin = relay.listenAdmin {
          names.append("health_check")
          yaml.section("health_check") { $0.string("endpoint", admin.description) }
        }
        if let directory = relay.queueDirectory {
          names.append("file_storage")
          yaml.section("file_storage") {
            $0.string("directory", directory)
            $0.raw("create_directory", true)
          }
        }
        if let file = relay.listenTokenFile {
          names.append("bearertokenauth/receivers")
          yaml.section("bearertokenauth/receivers") { $0.string("filename", file) }
        }
        for (index, destination) in relay.destinations.enumerated() {
          if let file = destination.options.bearerTokenFile {
            names.append("bearertokenauth/\(index)")
            yaml.section("bearertokenauth/\(index)") { $0.string("filename", file.path) }
          }
        }
      }
      extensions = names
    }

    private mutating func writeReceivers() {
      let relay = relay
      yaml.section("receivers") { yaml in
        yaml.section("otlp") { yaml in
          yaml.section("protocols") { yaml in
            if let address = relay.listenGRPC {
              yaml.section("grpc") { yaml in
                yaml.string("endpoint", address.description)
                yaml.raw("max_recv_msg_size_mib", max(relay.limits.maxRequest >> 20, 1))
                Builder.writeSecurity(relay, &yaml)
              }
            }
            if let address = relay.listenHTTP {
              yaml.section("http") { yaml in
                yaml.string("endpoint", address.description)
                yaml.raw("max_request_body_size", relay.limits.maxRequest)
                if !relay.corsOrigins.isEmpty {
                  yaml.section("cors") { $0.list("allowed_origins", relay.corsOrigins) }
                }
                Builder.writeSecurity(relay, &yaml)
              }
            }
          }
        }
      }
    }

    private static func writeSecurity(_ relay: RelayConfiguration, _ yaml: inout YAMLText) {
      if let tls = relay.listenTLS {
        yaml.section("tls") {
          $0.string("cert_file", tls.certificate)
          $0.string("key_file", tls.key)
          if let authorities = tls.clientCA { $0.string("client_ca_file", authorities) }
        }
      }
      if relay.listenTokenFile != nil {
        yaml.section("auth") { $0.string("authenticator", "bearertokenauth/receivers") }
      }
    }

    private mutating func writeProcessors() {
      let relay = relay
      let attributes = relay.resource.map { attribute in
        [("key", literal(attribute.name)), ("value", literal(attribute.value)), ("action", "upsert")]
      }
      yaml.section("processors") { yaml in
        yaml.section("memory_limiter") {
          $0.raw("check_interval", "1s")
          $0.raw("limit_mib", max(relay.pipeline.queueMax >> 20, 64) + 256)
          $0.raw("spike_limit_mib", 64)
        }
        if !attributes.isEmpty { yaml.section("resource") { $0.maps("attributes", attributes) } }
        yaml.section("batch") {
          $0.raw("send_batch_size", relay.pipeline.batchItems)
          $0.raw("send_batch_max_size", relay.pipeline.batchItems)
          $0.raw("timeout", DurationText.format(relay.pipeline.batchTimeout.nanoseconds))
        }
      }
    }

    private mutating func writeExporters() throws(RelayError) {
      var bodies: [(name: String, text: YAMLText)] = []
      for (index, destination) in relay.destinations.enumerated() {
        var yaml = YAMLText()
        let kind: String
        if destination.url.hasPrefix("file:") {
          kind = "file"
          yaml.string("path", literal(String(destination.url.dropFirst(5))))
          yaml.raw(
            "format", destination.url.hasSuffix(".json") || destination.url.hasSuffix(".jsonl") ? "json" : "proto")
        } else {
          let endpoint: OTLPEndpoint
          do throws(HTTPError) { endpoint = try OTLPEndpoint(destination.url, signal: destination.signal) } catch {
            throw .badDestination(destination.url, reason: error.description)
          }
          kind = endpoint.isGRPC ? "otlp" : "otlphttp"
          if endpoint.isGRPC {
            yaml.string("endpoint", literal("\(endpoint.url.host):\(endpoint.url.port ?? 4317)"))
          } else {
            yaml.string("\(destination.signal.rawValue)_endpoint", literal(endpoint.url.absolute))
          }
          try writeClient(destination, index, isPlain: endpoint.url.scheme == "grpc", &yaml)
        }
        bodies.append(("\(kind)/\(index)", yaml))
        exporters.append((destination.signal, "\(kind)/\(index)"))
      }
      yaml.section("exporters") { yaml in
        for body in bodies { yaml.section(body.name) { $0.append(body.text) } }
      }
    }

    private mutating func writeClient(
      _ destination: RelayConfiguration.DestinationSettings, _ index: Int, isPlain: Bool, _ yaml: inout YAMLText
    ) throws(RelayError) {
      let options = destination.options
      var headers = options.headers.fields.map { ($0.name, secret($0.value)) }
      if let tenant = options.tenant { headers.append(("X-Scope-OrgID", literal(tenant))) }
      if let file = options.basicAuthFile {
        do throws(HTTPError) {
          let pair = try file.read()
          headers.append(("Authorization", secret("Basic " + Array(pair.utf8).withByteView { Base64.encode($0) })))
        } catch {
          throw .badSetting(error.description)
        }
      }
      if !headers.isEmpty {
        yaml.section("headers") { yaml in for (name, value) in headers { yaml.string(name, value) } }
      }
      if options.bearerTokenFile != nil {
        yaml.section("auth") { $0.string("authenticator", "bearertokenauth/\(index)") }
      }
      yaml.section("tls") { yaml in
        yaml.raw("insecure", isPlain)
        if options.tlsInsecureSkipVerify { yaml.raw("insecure_skip_verify", true) }
        for (key, file) in [
          ("ca_file", options.tlsCA), ("cert_file", options.tlsCertificate), ("key_file", options.tlsKey),
          ("server_name_override", options.tlsServerName),
        ] {
          if let file { yaml.string(key, file) }
        }
      }
      yaml.raw("compression", destination.compression == .identity ? "none" : destination.compression.rawValue)
      yaml.raw("timeout", DurationText.format(options.timeout.nanoseconds))
      let retry = relay.pipeline.retry
      yaml.section("retry_on_failure") {
        $0.raw("enabled", true)
        $0.raw("initial_interval", DurationText.format(retry.initial.nanoseconds))
        $0.raw("max_interval", DurationText.format(retry.maximum.nanoseconds))
        $0.raw("max_elapsed_time", retry.giveUpAfter.map { DurationText.format($0.nanoseconds) } ?? "0s")
      }
      let relay = relay
      yaml.section("sending_queue") {
        $0.raw("enabled", true)
        $0.raw("num_consumers", relay.pipeline.senders)
        // The collector counts batches, not bytes.
        $0.raw("queue_size", max(relay.pipeline.queueMax / max(relay.pipeline.batchBytes, 1), 16))
        if relay.queueDirectory != nil { $0.raw("storage", "file_storage") }
      }
    }

    private mutating func writeService() {
      let exporters = exporters
      let extensions = extensions
      let processors = ["memory_limiter"] + (relay.resource.isEmpty ? [] : ["resource"]) + ["batch"]
      yaml.section("service") { yaml in
        yaml.list("extensions", extensions)
        yaml.section("pipelines") { yaml in
          for signal in OTLPSignal.allCases {
            let own = exporters.filter { $0.0 == signal }.map { $0.1 }
            if own.isEmpty { continue }
            yaml.section(signal.rawValue) {
              $0.list("receivers", ["otlp"])
              $0.list("processors", processors)
              $0.list("exporters", own)
            }
          }
        }
      }
    }
  }
}

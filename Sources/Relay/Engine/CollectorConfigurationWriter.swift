import OTLP
import Platform
import Transport

/// Puts a collector's configuration together, section by section.
struct CollectorConfigurationWriter {
  private let relay: RelayConfiguration
  private let options: CollectorConfiguration.Options
  private(set) var yaml = YAMLWriter()
  private(set) var secrets = CollectorSecrets()
  private var exporters: [CollectorExporter] = []
  private var extensions: [String] = []

  init(_ relay: RelayConfiguration, _ options: CollectorConfiguration.Options) {
    self.relay = relay
    self.options = options
  }

  mutating func write() throws(RelayError) {
    for destination in relay.destinations {
      exporters.append(
        try CollectorExporter(destination, relay, options, taken: exporters.map(\.name), secrets: &secrets))
    }
    try writeExtensions()
    writeReceivers()
    writeProcessors()
    let exporters = exporters
    yaml.section("exporters") { yaml in
      for exporter in exporters { yaml.section(exporter.name) { $0.append(exporter.body) } }
    }
    writeService()
  }

  private mutating func writeExtensions() throws(RelayError) {
    var sections: [(name: String, body: YAMLWriter)] = []
    var health = YAMLWriter()
    health.string("endpoint", options.health.description)
    sections.append(("health_check", health))
    if let directory = relay.queueDirectory {
      var storage = YAMLWriter()
      storage.string("directory", directory)
      storage.raw("create_directory", true)
      // Without it what was acknowledged is not on the device, and a power cut takes it.
      storage.raw("fsync", true)
      sections.append(("file_storage", storage))
    }
    if let file = relay.listenTokenFile {
      // By its own `filename` the extension would take empty lines and comments for tokens.
      let tokens = try TokenFile(file).tokens
      var body = YAMLWriter()
      body.variables("tokens", tokens.map { secrets.variable(for: $0) })
      sections.append((CollectorConfigurationWriter.receiversAuthenticator, body))
    }
    for exporter in exporters {
      guard let (name, file) = exporter.authenticator, !sections.contains(where: { $0.name == name }) else { continue }
      var body = YAMLWriter()
      body.string("filename", file)
      sections.append((name, body))
    }
    yaml.section("extensions") { yaml in
      for section in sections { yaml.section(section.name) { $0.append(section.body) } }
    }
    extensions = sections.map(\.name)
  }

  private static let receiversAuthenticator = "bearertokenauth/receivers"

  private mutating func writeReceivers() {
    let relay = relay
    yaml.section("receivers") { yaml in
      yaml.section("otlp") { yaml in
        yaml.section("protocols") { yaml in
          if let address = relay.listenGRPC {
            yaml.section("grpc") { yaml in
              yaml.string("endpoint", address.path ?? address.description)
              if address.path != nil { yaml.raw("transport", "unix") }
              yaml.raw("max_recv_msg_size_mib", (relay.limits.maxRequest + (1 << 20) - 1) >> 20)
              CollectorConfigurationWriter.writeSecurity(relay, &yaml)
            }
          }
          if let address = relay.listenHTTP {
            yaml.section("http") { yaml in
              yaml.string("endpoint", address.description)
              yaml.raw("max_request_body_size", relay.limits.maxRequest)
              if !relay.corsOrigins.isEmpty {
                yaml.section("cors") { $0.list("allowed_origins", relay.corsOrigins) }
              }
              CollectorConfigurationWriter.writeSecurity(relay, &yaml)
            }
          }
        }
      }
    }
  }

  private static func writeSecurity(_ relay: RelayConfiguration, _ yaml: inout YAMLWriter) {
    if let tls = relay.listenTLS {
      yaml.section("tls") {
        $0.string("cert_file", tls.certificate)
        $0.string("key_file", tls.key)
        if let authorities = tls.clientCA { $0.string("client_ca_file", authorities) }
      }
    }
    if relay.listenTokenFile != nil {
      yaml.section("auth") { $0.string("authenticator", receiversAuthenticator) }
    }
  }

  private mutating func writeProcessors() {
    let relay = relay
    yaml.section("processors") { yaml in
      yaml.section("memory_limiter") {
        $0.raw("check_interval", "1s")
        $0.raw("limit_mib", max(relay.pipeline.queueMax >> 20, 64) + 256)
        $0.raw("spike_limit_mib", 64)
      }
      if !relay.resource.isEmpty {
        let actions = relay.resource.map { [("key", $0.name), ("value", $0.value), ("action", "upsert")] }
        yaml.section("resource") { $0.maps("attributes", actions) }
      }
    }
  }

  private mutating func writeService() {
    let (exporters, extensions, options) = (exporters, extensions, options)
    let processors = ["memory_limiter"] + (relay.resource.isEmpty ? [] : ["resource"])
    yaml.section("service") { yaml in
      yaml.section("telemetry") { yaml in
        yaml.section("logs") {
          $0.raw("level", options.logLevel.name)
          $0.raw("encoding", "json")
        }
        yaml.section("metrics") { yaml in
          guard let address = options.metrics, address.path == nil else { return yaml.raw("level", "none") }
          // The last three give the metrics the names that they have without a reader of one's own.
          yaml.raw(
            "readers",
            """
            [{pull: {exporter: {prometheus: {host: "\(address.host)", port: \(address.port), \
            without_type_suffix: true, without_units: true, without_scope_info: true}}}}]
            """)
        }
      }
      yaml.list("extensions", extensions)
      yaml.section("pipelines") { yaml in
        for signal in OTLPSignal.allCases {
          let own = exporters.filter { $0.signal == signal }.map(\.name)
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

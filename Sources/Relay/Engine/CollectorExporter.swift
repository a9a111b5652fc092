import Compression
import OTLP
import Platform
import Transport

/// The collector's exporter for one destination.
struct CollectorExporter {
  let signal: OTLPSignal
  /// `TYPE/NAME`. It stays the same when destinations are added or put in another order, since the collector finds a
  /// queue on disk by it.
  let name: String
  private(set) var body = YAMLWriter()
  /// The extension that authenticates its requests with the bearer token in a file, which it reads again when it changes.
  private(set) var authenticator: (name: String, file: String)?

  init(
    _ destination: RelayConfiguration.DestinationSettings, _ relay: RelayConfiguration,
    _ options: CollectorConfiguration.Options, taken: [String], secrets: inout CollectorSecrets
  ) throws(RelayError) {
    signal = destination.signal
    if destination.url.hasPrefix("file:") {
      let path = String(destination.url.dropFirst(5))
      name = CollectorExporter.unique("file/\(destination.signal)-\(path)", taken)
      body.string("path", path)
      body.raw("format", path.hasSuffix(".json") || path.hasSuffix(".jsonl") ? "json" : "proto")
      body.raw("append", true)
      return
    }
    let endpoint: OTLPEndpoint
    do throws(HTTPError) { endpoint = try OTLPEndpoint(destination.url, signal: destination.signal) } catch {
      throw .badDestination(HTTPURL.redacted(destination.url), reason: error.description)
    }
    let origin = "\(endpoint.url.host):\(endpoint.url.port ?? (endpoint.url.scheme == "http" ? 80 : 443))"
    if endpoint.isGRPC {
      name = CollectorExporter.unique("otlp/\(destination.signal)-\(origin)", taken)
      body.string("endpoint", origin)
    } else {
      name = CollectorExporter.unique("otlphttp/\(destination.signal)-\(origin)\(endpoint.url.path)", taken)
      body.string("\(destination.signal)_endpoint", endpoint.url.absolute)
    }
    try writeAuthorization(destination.options, endpoint, &secrets)
    writeTLS(destination.options, endpoint)
    body.raw("compression", destination.compression == .identity ? "none" : destination.compression.rawValue)
    body.duration("timeout", destination.options.timeout)
    writeRetries(relay.pipeline.retry)
    writeQueue(relay, options.batchLimit)
  }

  /// A name with the characters that the collector, and files, take. No two exporters have the same.
  private static func unique(_ name: String, _ taken: [String]) -> String {
    let parts = name.split(separator: "/", maxSplits: 1)
    let own = parts[1].map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") ? $0 : "-" }
    let plain = "\(parts[0])/\(String(own))"
    var candidate = plain
    var number = 2
    while taken.contains(candidate) {
      candidate = "\(plain)-\(number)"
      number += 1
    }
    return candidate
  }

  private mutating func writeAuthorization(
    _ options: HTTPOptions, _ endpoint: OTLPEndpoint, _ secrets: inout CollectorSecrets
  ) throws(RelayError) {
    var options = options
    // The extension refuses to show a token on a gRPC connection without TLS. There it is a header like any other, and
    // a new token means a new start.
    if let file = options.bearerTokenFile, endpoint.url.scheme != "grpc" {
      authenticator = (CollectorExporter.unique("bearertokenauth/\(file.path)", []), file.path)
      options.bearerTokenFile = nil
    }
    let headers: [HTTPHeaders.Field]
    do throws(HTTPError) {
      // The collector would not say clearly what is wrong with the file.
      if let authenticator { _ = try CredentialFile(path: authenticator.file).read() }
      headers = try options.constantHeaders(for: endpoint.url).fields
    } catch { throw .badSetting(error.description) }
    if !headers.isEmpty {
      body.section("headers") { yaml in
        for field in headers {
          if field.name == "X-Scope-OrgID" {
            yaml.string(field.name, field.value)
          } else {
            yaml.variable(field.name, secrets.variable(for: field.value))
          }
        }
      }
    }
    if let authenticator { body.section("auth") { $0.string("authenticator", authenticator.name) } }
  }

  private mutating func writeTLS(_ options: HTTPOptions, _ endpoint: OTLPEndpoint) {
    body.section("tls") { yaml in
      yaml.raw("insecure", endpoint.url.scheme == "grpc" || endpoint.url.scheme == "http")
      if options.tlsInsecureSkipVerify { yaml.raw("insecure_skip_verify", true) }
      for (key, value) in [
        ("ca_file", options.tlsCA), ("cert_file", options.tlsCertificate),
        // The key may be in the certificate's file.
        ("key_file", options.tlsKey ?? options.tlsCertificate), ("server_name_override", options.tlsServerName),
      ] {
        if let value { yaml.string(key, value) }
      }
    }
  }

  private mutating func writeRetries(_ retry: RetryPolicy) {
    // The collector takes no pause that is longer than the time for all attempts.
    let limit = retry.giveUpAfter ?? retry.maximum
    body.section("retry_on_failure") {
      $0.raw("enabled", true)
      $0.duration("initial_interval", min(retry.initial, retry.maximum, limit))
      $0.duration("max_interval", min(retry.maximum, limit))
      $0.duration("max_elapsed_time", retry.giveUpAfter ?? .zero)
    }
  }

  private mutating func writeQueue(_ relay: RelayConfiguration, _ limit: CollectorConfiguration.Options.BatchLimit) {
    let pipeline = relay.pipeline
    body.section("sending_queue") { yaml in
      yaml.raw("enabled", true)
      yaml.raw("num_consumers", pipeline.senders)
      yaml.raw("sizer", "bytes")
      yaml.raw("queue_size", pipeline.queueMax)
      if relay.queueDirectory != nil { yaml.raw("storage", "file_storage") }
      yaml.section("batch") {
        let size = limit == .items ? pipeline.batchItems : min(pipeline.batchBytes, pipeline.queueMax)
        $0.raw("sizer", limit == .items ? "items" : "bytes")
        $0.raw("min_size", size)
        $0.raw("max_size", size)
        $0.duration("flush_timeout", max(pipeline.batchTimeout, .milliseconds(1)))
      }
    }
  }
}

import OTLP
import Transport

/// The standard variables of OTLP exporters (OpenTelemetry specification, "OTLP Exporter Configuration"): each exists for
/// all signals and, with more weight, for one.
struct ExporterEnvironment {
  private let signal: OTLPSignal
  private let lookUp: @Sendable (String) -> String?

  init(_ signal: OTLPSignal, _ lookUp: @escaping @Sendable (String) -> String?) {
    self.signal = signal
    self.lookUp = lookUp
  }

  /// The variable's value for the signal, or else for all; an empty one counts as unset.
  func value(_ name: String) -> String? {
    let own = lookUp("OTEL_EXPORTER_OTLP_\(signal.rawValue.uppercased())_\(name)")
    if let own, !own.isEmpty { return own }
    let shared = lookUp("OTEL_EXPORTER_OTLP_\(name)")
    return shared.flatMap { $0.isEmpty ? nil : $0 }
  }

  var hasOwnEndpoint: Bool {
    !(lookUp("OTEL_EXPORTER_OTLP_\(signal.rawValue.uppercased())_ENDPOINT") ?? "").isEmpty
  }

  /// Where the signal goes, as a URL of `--to`; `nil` when no variable says. The shared endpoint gets the signal's path.
  func endpoint() throws(CommandError) -> String? {
    let transport = value("PROTOCOL") ?? "http/protobuf"
    // Every server that takes JSON has to take protobuf, which is what is at hand.
    guard ["grpc", "http/protobuf", "http/json"].contains(transport) else {
      throw .usage("OTEL_EXPORTER_OTLP_PROTOCOL '\(transport)': must be grpc, http/protobuf or http/json")
    }
    guard let text = value("ENDPOINT") else { return nil }
    if transport == "grpc" { return grpcEndpoint(text) }
    if hasOwnEndpoint || !text.hasPrefix("http") { return text }
    return (text.hasSuffix("/") ? String(text.dropLast()) : text) + signal.httpPath
  }

  /// Whether the endpoint is to be used as it is, be there a path or not.
  var endpointIsComplete: Bool { hasOwnEndpoint && value("PROTOCOL") != "grpc" }

  /// `http` and `https` say whether there is TLS; only without them `…_INSECURE` does. gRPC's port for TLS is 443.
  private func grpcEndpoint(_ text: String) -> String {
    let bare = { (text: Substring) in text.hasSuffix("/") ? text.dropLast() : text }
    if text.hasPrefix("https://") {
      let host = bare(text.dropFirst(8))
      return "grpcs://\(host)" + (host.reversed().prefix { $0 != "]" }.contains(":") ? "" : ":443")
    }
    if text.hasPrefix("http://") { return "grpc://\(bare(text.dropFirst(7)))" }
    if text.contains("://") { return text }
    return (value("INSECURE")?.lowercased() == "true" ? "grpc://" : "grpcs://") + text
  }

  /// Fills in what the command line does not say.
  func apply(to options: inout HTTPOptions, _ arguments: Arguments) throws(CommandError) {
    for pair in (value("HEADERS") ?? "").split(separator: ",") where !pair.allSatisfy(\.isWhitespace) {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
      let name = ExporterEnvironment.trimmed(parts[0])
      guard parts.count == 2 else { throw .usage("OTEL_EXPORTER_OTLP_HEADERS: must be NAME=VALUE,…") }
      guard options.headers[name] == nil else { continue }
      do throws(HTTPError) {
        try options.headers.add(name, PercentEncoding.decode(ExporterEnvironment.trimmed(parts[1])))
      } catch {
        throw .usage("OTEL_EXPORTER_OTLP_HEADERS: \(error)")
      }
    }
    if !arguments.isGiven(ClientOptions.timeout), let text = value("TIMEOUT") {
      guard let milliseconds = Int64(text), milliseconds > 0 else {
        throw .usage("OTEL_EXPORTER_OTLP_TIMEOUT '\(text)': must be milliseconds")
      }
      options.timeout = .milliseconds(milliseconds)
    }
    options.tlsCA = options.tlsCA ?? value("CERTIFICATE")
    // A key belongs to its certificate.
    if options.tlsCertificate == nil {
      options.tlsCertificate = value("CLIENT_CERTIFICATE")
      options.tlsKey = value("CLIENT_KEY")
    }
  }

  private static func trimmed(_ text: String) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}

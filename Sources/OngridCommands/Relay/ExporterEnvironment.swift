import Backends
import OTLP

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

  /// Where the signal goes, as a URL of `--to`: the shared endpoint gets the signal's path, its own is used as it is.
  var endpoint: String? {
    guard let text = value("ENDPOINT") else { return nil }
    if value("PROTOCOL") == "grpc" {
      if text.hasPrefix("https://") { return "grpcs://" + text.dropFirst(8) }
      if text.hasPrefix("http://") { return "grpc://" + text.dropFirst(7) }
      return text.contains("://") ? text : (value("INSECURE") == "true" ? "grpc://" : "grpcs://") + text
    }
    if hasOwnEndpoint || !text.hasPrefix("http") { return text }
    return (text.hasSuffix("/") ? String(text.dropLast()) : text) + signal.httpPath
  }

  /// Fills in what the command line does not say.
  func apply(to options: inout Backends.HTTPOptions, _ arguments: Arguments) throws(CommandError) {
    for pair in (value("HEADERS") ?? "").split(separator: ",") {
      let parts = pair.split(separator: "=", maxSplits: 1).map { String($0) }
      let name = ExporterEnvironment.trimmed(parts[0])
      guard parts.count == 2 else { throw .usage("OTEL_EXPORTER_OTLP_HEADERS: must be NAME=VALUE,…") }
      guard options.headers[name] == nil else { continue }
      do throws(HTTPError) {
        try options.headers.add(name, ExporterEnvironment.decoded(ExporterEnvironment.trimmed(parts[1])))
      } catch {
        throw .usage("OTEL_EXPORTER_OTLP_HEADERS: \(error)")
      }
    }
    if !arguments.isGiven(HTTPOptions.timeout), let text = value("TIMEOUT") {
      guard let milliseconds = Int64(text), milliseconds > 0 else {
        throw .usage("OTEL_EXPORTER_OTLP_TIMEOUT '\(text)': must be milliseconds")
      }
      options.timeout = .milliseconds(milliseconds)
    }
    options.tlsCA = options.tlsCA ?? value("CERTIFICATE")
    options.tlsCertificate = options.tlsCertificate ?? value("CLIENT_CERTIFICATE")
    options.tlsKey = options.tlsKey ?? value("CLIENT_KEY")
  }

  private static func trimmed(_ text: String) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }

  /// Values are percent-encoded, as in W3C baggage.
  private static func decoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

import OTLP

/// Where requests of one signal go: `http(s)://host[:port][/path]` or `grpc(s)://host[:port]`.
public struct OTLPEndpoint: Sendable, Hashable {
  public let signal: OTLPSignal
  public let isGRPC: Bool
  /// The complete URL requests are posted to.
  public let url: HTTPURL

  /// Reads an endpoint. An HTTP URL without a path gets the signal's own (`/v1/traces`); a gRPC URL must have none,
  /// and its port is 4317 unless given.
  ///
  /// - Parameter isComplete: whether an HTTP URL without a path means the root instead.
  public init(_ text: String, signal: OTLPSignal, isComplete: Bool = false) throws(HTTPError) {
    var url = try HTTPURL(text, schemes: ["http", "https", "grpc", "grpcs"])
    self.signal = signal
    isGRPC = url.scheme.hasPrefix("grpc")
    let hasPath = !url.path.isEmpty && url.path != "/"
    if isGRPC {
      guard !hasPath, url.query.isEmpty else { throw .invalidURL("\(url.origin): a gRPC endpoint has no path") }
      url.path = signal.grpcPath
      if url.port == nil { url.port = 4317 }
    } else if !hasPath {
      url.path = isComplete ? "/" : signal.httpPath
    }
    self.url = url
  }
}

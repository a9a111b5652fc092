import Compression
import Platform

/// Sends OTLP requests of one signal to one endpoint, over HTTP or gRPC.
///
/// Not thread-safe: one per sender thread, since each keeps its own connection.
public final class OTLPExporter {
  public let endpoint: OTLPEndpoint
  private let options: HTTPOptions
  private let client: Client

  private enum Client {
    case http(HTTPClient)
    case grpc(GRPCClient)
  }

  /// The most a server may answer, in bytes.
  public static let maximumResponse = 4 << 20

  /// Fails when a certificate, key or credential file cannot be used.
  public init(endpoint: OTLPEndpoint, options: HTTPOptions = HTTPOptions()) throws(HTTPError) {
    try options.check(for: endpoint.url)
    self.endpoint = endpoint
    self.options = options
    client = try OTLPExporter.client(endpoint, options)
  }

  private static func client(_ endpoint: OTLPEndpoint, _ options: HTTPOptions) throws(HTTPError) -> Client {
    var options = options
    if endpoint.isGRPC {
      let usesTLS = endpoint.url.isSecure
      let proxy = usesTLS ? try HTTPProxy.forServer(endpoint.url) : nil
      if proxy?.isPlain != false { return .grpc(try GRPCClient(options: options, usesTLS: usesTLS, proxy: proxy)) }
      // Proxies behind TLS or SOCKS are libcurl's; the TLS handshake then negotiates HTTP/2.
      options.version = .automatic
    } else {
      // OTLP/HTTP is as good over HTTP/1.1, and there no upload waits for a stream's window.
      options.version = .http1
    }
    return .http(try HTTPClient(options: options))
  }

  /// Sends one request: protobuf, or protobuf compressed as `encoding` says. The pieces of the body together are one
  /// message; serialized requests one after the other are one request, and so are gzip members.
  ///
  /// Must not be called with an empty body.
  public func export(
    _ body: HTTPBody, encoding: ContentEncoding = .identity, timeout: Duration? = nil,
    cancellation: HTTPCancellation? = nil
  ) -> ExportOutcome {
    do throws(HTTPError) {
      return endpoint.isGRPC
        ? try exportGRPC(body, encoding, timeout, cancellation)
        : try exportHTTP(body, encoding, timeout, cancellation)
    } catch {
      return OTLPExporter.result(of: error)
    }
  }

  private func exportHTTP(
    _ body: HTTPBody, _ encoding: ContentEncoding, _ timeout: Duration?, _ cancellation: HTTPCancellation?
  ) throws(HTTPError) -> ExportOutcome {
    var headers: HTTPHeaders = ["Content-Type": "application/x-protobuf"]
    if encoding != .identity { headers["Content-Encoding"] = encoding.rawValue }
    let response = try send(request(headers, body, timeout), cancellation)
    if response.isSuccess {
      // Some servers answer JSON or nothing; only protobuf can say "partial".
      let type = response.headers["Content-Type"] ?? ""
      return type.hasPrefix("application/x-protobuf") ? OTLPAnswer.partialSuccess(response.body) : .delivered()
    }
    let reason = "HTTP \(response.status)" + OTLPAnswer.suffix(OTLPAnswer.message(ofErrorBody: response))
    return OTLPAnswer.http(response, reason: reason)
  }

  private func request(_ headers: HTTPHeaders, _ body: HTTPBody, _ timeout: Duration?) -> HTTPRequest {
    var request = HTTPRequest(
      method: .post, url: endpoint.url, headers: headers, body: body, timeout: timeout,
      maximumResponse: OTLPExporter.maximumResponse, acceptsCompression: false)
    request.hasShortAnswer = true
    return request
  }

  private func exportGRPC(
    _ body: HTTPBody, _ encoding: ContentEncoding, _ timeout: Duration?, _ cancellation: HTTPCancellation?
  ) throws(HTTPError) -> ExportOutcome {
    guard body.count <= Int(UInt32.max) else {
      return .refused(reason: "a gRPC message is limited to 4 GiB", scope: .size)
    }
    // No grpc-timeout: it would bound the whole call, and a slow way may take long as long as it moves.
    var headers: HTTPHeaders = ["Content-Type": "application/grpc", "TE": "trailers"]
    if encoding != .identity { headers["grpc-encoding"] = encoding.rawValue }
    var request = request(headers, body, timeout)
    request.bodyPrefix = GRPCFraming.header(count: body.count, isCompressed: encoding != .identity)
    return OTLPAnswer.grpc(try send(request, cancellation))
  }

  private func send(_ request: HTTPRequest, _ cancellation: HTTPCancellation?) throws(HTTPError) -> HTTPResponse {
    switch client {
    case .http(let client): try client.send(request, cancellation: cancellation)
    case .grpc(let client): try client.send(request, cancellation: cancellation)
    }
  }

  private static func result(of error: HTTPError) -> ExportOutcome {
    switch error {
    case .tooLarge:
      // It answered success before it talked too much: sending again would only make duplicates.
      .delivered(message: error.description)
    case .cancelled: .cancelled
    case .stalled, .timeout: .failed(reason: error.description, cause: .timeout)
    case .unreachable, .noConnection, .interrupted, .tls, .credentials:
      // A certificate or token that is wrong now may be right after its rotation; losing data is worse than waiting.
      .failed(reason: error.description, cause: .connection)
    case .invalidURL, .invalidHeader, .unavailable, .tooManyRedirects:
      .refused(reason: error.description, scope: .destination)
    }
  }
}

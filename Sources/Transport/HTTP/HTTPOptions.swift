/// What all requests to one server have in common.
public struct HTTPOptions: Sendable {
  public enum Version: Sendable {
    /// HTTP/2 where TLS negotiates it, else HTTP/1.1.
    case automatic
    case http1
    /// HTTP/2 from the first byte: gRPC without TLS.
    case http2PriorKnowledge
  }

  /// Sent with every request; never to another origin.
  public var headers: HTTPHeaders = [:]
  /// Holds a bearer token; read again when the file changes.
  public var bearerTokenFile: CredentialFile?
  /// Holds `user:password`; read again when the file changes.
  public var basicAuthFile: CredentialFile?
  /// Where user and password are looked up by host when nothing else says who we are.
  public var netrc: NetrcFile?
  /// Sent as `X-Scope-OrgID`.
  public var tenant: String?
  /// PEM file with the certificate authorities to trust instead of the system's.
  public var tlsCA: String?
  /// PEM client certificate and key; the key may be in the certificate's file.
  public var tlsCertificate: String?
  public var tlsKey: String?
  /// The name the certificate must be for, when it is not the URL's host.
  public var tlsServerName: String?
  public var tlsInsecureSkipVerify = false
  /// How long nothing may move once there is a connection: no byte of the request that the server acknowledges, none of the
  /// answer that arrives.
  public var timeout: Duration = .seconds(30)
  /// For making a connection, from name look-up to the end of the TLS handshake; no longer than `timeout`.
  public var connectTimeout: Duration = .seconds(10)
  public var version: Version = .automatic
  public var userAgent = "ongrid"
  /// How many redirects are followed. Only a GET goes to another host; what a POST carries is for this host.
  public var maximumRedirects = 5
  /// Whether the environment's proxies are used. They know nothing of addresses that only this host has.
  public var usesProxy = true

  public init() {}
}

import COpenSSL
import Platform

/// A client's end of TLS 1.2 and 1.3 for HTTP/2: whom it trusts and what it shows.
///
/// Clients with the same settings are one object while it is in use: the system's authorities are read once, and a
/// connection resumes the session of an earlier one to the same server.
public final class TLSClient: Sendable {
  /// What connections have in common.
  public struct Settings: Sendable, Hashable {
    /// PEM file with the authorities to trust instead of the system's.
    public var authorities: String?
    /// PEM files with the certificate chain that servers are shown, and its key.
    public var certificate: String?
    public var key: String?
    /// Whether the server's certificate is looked at at all.
    public var verifiesServer: Bool

    public init(authorities: String? = nil, certificate: String? = nil, key: String? = nil, verifiesServer: Bool = true)
    {
      self.authorities = authorities
      self.certificate = certificate
      self.key = key
      self.verifiesServer = verifiesServer
    }
  }

  private let context: TLSContext
  /// Sessions by the server they belong to; each is used once, so that connections cannot be told to be of one client.
  private let sessions = Monitor<[String: [Session]]>([:])

  private struct Shared { weak var client: TLSClient? }
  private static let known = Monitor<[Settings: Shared]>([:])

  /// The client with these settings. Its files are read now, and again when they change.
  public static func with(_ settings: Settings) throws(TLSError) -> TLSClient {
    try known.withLock { (known) throws(TLSError) in
      if let client = known[settings]?.client { return client }
      known = known.filter { $0.value.client != nil }
      let client = try TLSClient(settings)
      known[settings] = Shared(client: client)
      return client
    }
  }

  private init(_ settings: Settings) throws(TLSError) {
    let key = settings.key ?? settings.certificate
    context = try TLSContext(files: [settings.authorities, settings.certificate, key]) { error, size in
      withOptional(settings.authorities) { authorities in
        withOptional(settings.certificate) { certificate in
          withOptional(key) { key in
            copenssl_client_new(authorities, certificate, key, settings.verifiesServer, error, size)
          }
        }
      }
    }
  }

  /// The client's end of a new connection.
  ///
  /// - Parameters:
  ///   - descriptor: a socket that does not block, which stays the caller's.
  ///   - name: what the server's certificate must be for: a name, or an address without brackets.
  ///   - server: what tells this server from others that go by the same name.
  public func connect(_ descriptor: Int32, name: String, server: String) throws(TLSError) -> TLSConnection {
    // A fully qualified name may end with a dot, which certificates do not.
    let name = name.hasSuffix(".") ? String(name.dropLast()) : name
    let isAddress = IPAddress(name) != nil
    let session = sessions.withLock { $0[server]?.popLast() }
    let connection = context.connection { copenssl_connect($0, descriptor, name, isAddress, session?.pointer) }
    guard let connection else { throw .unavailable("no TLS connection to \"\(name)\" can be prepared") }
    return TLSConnection(connection)
  }

  /// Lets a later connection to the same server begin where this one ends. Nothing can be sent over it any more.
  public func keepSession(of connection: TLSConnection, server: String) {
    guard let session = connection.session.map({ Session($0) }) else { return }
    sessions.withLock { sessions in
      // Both bounds are far beyond what a process uses.
      if sessions.count >= 256 { sessions = [:] }
      sessions[server, default: []].append(session)
      if sessions[server, default: []].count > 64 { sessions[server]?.removeFirst() }
    }
  }

  /// A session that nothing uses at the moment.
  ///
  /// `@unchecked Sendable`: whoever takes it out of the table is the only one that has it.
  private final class Session: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
    init(_ pointer: UnsafeMutableRawPointer) { self.pointer = pointer }
    deinit { copenssl_session_free(pointer) }
  }
}

/// Calls `body` with the text as C takes it, or with NULL.
private func withOptional<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
  guard let text else { return body(nil) }
  return text.withCString { body($0) }
}

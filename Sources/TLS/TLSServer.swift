import COpenSSL

/// A server's end of TLS 1.2 and 1.3: what it shows to clients and what it demands of them.
public final class TLSServer: Sendable {
  private let context: TLSContext

  /// Reads the files; they are read again when they change.
  ///
  /// - Parameters:
  ///   - certificate: PEM file with the certificate chain.
  ///   - key: PEM file with the private key.
  ///   - clientCA: PEM file with the authorities that must have signed a client's certificate; `nil`: clients need none.
  public init(certificate: String, key: String, clientCA: String? = nil) throws(TLSError) {
    context = try TLSContext(files: [certificate, key, clientCA]) { error, size in
      if let clientCA {
        copenssl_server_new(certificate, key, clientCA, error, size)
      } else {
        copenssl_server_new(certificate, key, nil, error, size)
      }
    }
  }

  /// The server's end of a new connection; `nil` when memory is short.
  ///
  /// - Parameter descriptor: a socket that does not block, which stays the caller's.
  public func accept(_ descriptor: Int32) -> TLSConnection? {
    context.connection { copenssl_accept($0, descriptor) }.map { TLSConnection($0) }
  }
}

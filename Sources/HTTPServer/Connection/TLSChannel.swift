import TLS

/// What the receivers show and demand in a TLS handshake.
public struct ListenTLS: Sendable {
  /// PEM file with the certificate chain.
  public var certificate: String
  /// PEM file with the private key.
  public var key: String
  /// PEM file with the authorities that must have signed a client's certificate; `nil`: clients need none.
  public var clientCA: String?

  public init(certificate: String, key: String, clientCA: String? = nil) {
    self.certificate = certificate
    self.key = key
    self.clientCA = clientCA
  }

  /// Reads the files.
  public func open() throws(ListenError) -> TLSServer {
    do throws(TLSError) {
      return try TLSServer(certificate: certificate, key: key, clientCA: clientCA)
    } catch {
      if case .unavailable(let reason) = error { throw .library(reason) }
      throw .badSetting(error.description)
    }
  }
}

/// A connection through TLS. The handshake goes on as bytes are read.
final class TLSChannel: Channel {
  private let connection: TLSConnection
  private let descriptor: Int32

  init(_ connection: TLSConnection, _ descriptor: Int32) {
    self.connection = connection
    self.descriptor = descriptor
  }

  var hasBuffered: Bool { connection.hasInput }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
    TLSChannel.result(connection.read(into: buffer))
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> IOResult { TLSChannel.result(connection.write(bytes)) }

  private static func result(_ outcome: TLSConnection.Outcome) -> IOResult {
    switch outcome {
    case .bytes(let count): .bytes(count)
    case .wantsRead: .wouldBlock(forWriting: false)
    case .wantsWrite: .wouldBlock(forWriting: true)
    case .closed, .failed: .closed
    }
  }

  func finishSending() {
    connection.finishSending()
    PlainChannel(descriptor).finishSending()
  }
}

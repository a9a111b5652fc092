import COpenSSL

/// One end of a connection through TLS, on a socket that does not block. Belongs to one thread at a time.
public final class TLSConnection {
  /// What became of a call.
  public enum Outcome: Sendable, Equatable {
    case bytes(Int)
    /// Try again when the socket can be read.
    case wantsRead
    /// Try again when the socket can be written.
    case wantsWrite
    /// The peer has said goodbye.
    case closed
    case failed(TLSError)
  }

  private let connection: OpaquePointer
  private var failure: TLSError?

  /// Takes over what `copenssl_accept` or `copenssl_connect` made.
  init(_ connection: OpaquePointer) { self.connection = connection }

  deinit { copenssl_connection_free(connection) }

  /// Goes on with the handshake; `nil` when it is done. Reading and writing do that too.
  public func handshake() -> Outcome? {
    if let failure { return .failed(failure) }
    let code = copenssl_handshake(connection)
    return code == 1 ? nil : outcome(code)
  }

  /// Fills the buffer as far as it can: OpenSSL hands out one record at a time.
  public func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    guard let base = buffer.baseAddress, !buffer.isEmpty else { return .bytes(0) }
    if let failure { return .failed(failure) }
    var count = 0
    while count < buffer.count {
      let code = copenssl_read(connection, base + count, Int32(clamping: buffer.count - count))
      if code > 0 {
        count += Int(code)
      } else {
        let end = outcome(code)
        return count > 0 ? .bytes(count) : end
      }
    }
    return .bytes(count)
  }

  /// Takes the first of `bytes`, which must be there again when it could not take them yet.
  public func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    if bytes.isEmpty { return .bytes(0) }
    if let failure { return .failed(failure) }
    return outcome(copenssl_write(connection, bytes.baseAddress, Int32(clamping: bytes.count)))
  }

  /// Whether something can be read that the socket does not show any more.
  public var hasInput: Bool { failure == nil && copenssl_has_input(connection) }

  /// Says goodbye.
  public func finishSending() {
    if failure == nil { copenssl_shutdown(connection) }
  }

  /// Whether both have agreed on HTTP/2.
  public var speaksHTTP2: Bool { copenssl_speaks(connection, "h2") }

  /// Whether the handshake went on with an earlier connection's session.
  public var isResumed: Bool { copenssl_is_resumed(connection) }

  /// What a later connection may resume, to be freed; nothing can be sent any more.
  var session: UnsafeMutableRawPointer? { failure == nil ? copenssl_session(connection) : nil }

  private func outcome(_ code: Int32) -> Outcome {
    switch code {
    case 1...: return .bytes(Int(code))
    case Int32(COPENSSL_WANTS_READ): return .wantsRead
    case Int32(COPENSSL_WANTS_WRITE): return .wantsWrite
    case Int32(COPENSSL_CLOSED): return .closed
    default:
      let error = TLSError(copenssl_failure(connection))
      failure = error
      return .failed(error)
    }
  }
}

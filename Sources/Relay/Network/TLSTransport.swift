import COpenSSL
import Platform

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
}

/// OpenSSL's settings for a server, read again when the files change.
///
/// `@unchecked Sendable`: the pointer is used under the lock; OpenSSL counts references to what it points to, so that
/// connections outlive its replacement.
final class TLSContext: @unchecked Sendable {
  private struct State {
    var context: UnsafeMutableRawPointer
    var files: [FileStatus?]
    var checked: Int64
  }

  private let settings: ListenTLS
  private let state: Monitor<State>

  init(_ settings: ListenTLS) throws(RelayError) {
    guard copenssl_load() else { throw .library(String(cString: copenssl_load_error())) }
    self.settings = settings
    let files = TLSContext.files(settings)
    let context = try TLSContext.open(settings)
    state = Monitor(State(context: context, files: files, checked: monotonicNanoseconds()))
  }

  deinit { state.withLock { copenssl_context_free($0.context) } }

  /// A transport for a new connection.
  func transport(for descriptor: Int32) -> TLSTransport? {
    state.withLock { state in
      refresh(&state)
      return copenssl_connection_new(state.context, descriptor).map { TLSTransport($0, descriptor) }
    }
  }

  /// Looks at the files at most every ten seconds; while they are being replaced the old ones stay in use.
  private func refresh(_ state: inout State) {
    let now = monotonicNanoseconds()
    guard now - state.checked > 10_000_000_000 else { return }
    state.checked = now
    let files = TLSContext.files(settings)
    guard files != state.files, let context = try? TLSContext.open(settings) else { return }
    copenssl_context_free(state.context)
    state.context = context
    state.files = files
  }

  private static func files(_ settings: ListenTLS) -> [FileStatus?] {
    [settings.certificate, settings.key, settings.clientCA].map { $0.flatMap { try? FileStatus.of($0) } }
  }

  private static func open(_ settings: ListenTLS) throws(RelayError) -> UnsafeMutableRawPointer {
    var error = [CChar](repeating: 0, count: 512)
    let context =
      if let clientCA = settings.clientCA {
        copenssl_context_new(settings.certificate, settings.key, clientCA, &error, error.count)
      } else {
        copenssl_context_new(settings.certificate, settings.key, nil, &error, error.count)
      }
    guard let context else {
      throw .badSetting(String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
    return context
  }
}

/// A connection through TLS. The handshake goes on as bytes are read.
final class TLSTransport: Transport {
  private let connection: UnsafeMutableRawPointer
  private let descriptor: Int32
  private var hasFailed = false

  init(_ connection: UnsafeMutableRawPointer, _ descriptor: Int32) {
    self.connection = connection
    self.descriptor = descriptor
  }

  deinit { copenssl_connection_free(connection) }

  var hasBuffered: Bool { !hasFailed && copenssl_pending(connection) > 0 }

  /// Fills the buffer as far as it can: TLS hands out one record at a time.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
    var count = 0
    while count < buffer.count, !hasFailed {
      guard let base = buffer.baseAddress else { break }
      let n = copenssl_read(connection, base + count, Int32(clamping: buffer.count - count))
      if n > 0 {
        count += Int(n)
      } else if count > 0, n == TLSOutcome.wantsRead || n == TLSOutcome.wantsWrite {
        break
      } else {
        return result(n, count)
      }
    }
    return count > 0 ? .bytes(count) : .closed
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> IOResult {
    guard !hasFailed else { return .closed }
    let n = copenssl_write(connection, bytes.baseAddress, Int32(clamping: bytes.count))
    return n > 0 ? .bytes(Int(n)) : result(n, 0)
  }

  private func result(_ code: Int32, _ count: Int) -> IOResult {
    switch code {
    case TLSOutcome.wantsRead: return .wouldBlock(forWriting: false)
    case TLSOutcome.wantsWrite: return .wouldBlock(forWriting: true)
    default:
      hasFailed = true
      return count > 0 ? .bytes(count) : .closed
    }
  }

  func finishSending() {
    if !hasFailed { copenssl_shutdown(connection) }
    PlainTransport(descriptor).finishSending()
  }
}

/// The results of reading and writing that are not numbers of bytes.
private enum TLSOutcome {
  static let wantsRead = Int32(COPENSSL_WANTS_READ)
  static let wantsWrite = Int32(COPENSSL_WANTS_WRITE)
}

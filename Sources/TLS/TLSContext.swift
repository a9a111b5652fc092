import COpenSSL
import Platform

/// OpenSSL's settings of a server or a client, read again when one of their files changes.
///
/// `@unchecked Sendable`: the pointer is used under the lock; OpenSSL counts references to what it points to, so that
/// connections outlive its replacement.
final class TLSContext: @unchecked Sendable {
  private struct State {
    var context: UnsafeMutableRawPointer
    var files: [FileStatus?]
  }

  /// Makes settings; on an error returns `nil` and describes it in the buffer.
  typealias Opener = @Sendable (_ error: UnsafeMutablePointer<CChar>, _ size: Int) -> UnsafeMutableRawPointer?

  private let paths: [String]
  private let opener: Opener
  private let state: Monitor<State>

  /// - Parameter files: what `opener` reads.
  init(files: [String?], _ opener: @escaping Opener) throws(TLSError) {
    guard copenssl_load() else { throw .unavailable(String(cString: copenssl_load_error())) }
    paths = files.compactMap(\.self)
    self.opener = opener
    let status = TLSContext.status(paths)
    state = Monitor(State(context: try TLSContext.open(opener), files: status))
  }

  deinit { state.withLock { copenssl_context_free($0.context) } }

  /// Makes a connection with the current settings. While files are being replaced and do not fit together, those of before
  /// stay in use.
  func connection(_ make: (UnsafeMutableRawPointer) -> OpaquePointer?) -> OpaquePointer? {
    // As a number: nobody else has the new connection, which the compiler cannot know of a pointer.
    let address = state.withLock { state in
      let files = TLSContext.status(paths)
      if files != state.files, let context = try? TLSContext.open(opener) {
        copenssl_context_free(state.context)
        state.context = context
        state.files = files
      }
      return UInt(bitPattern: make(state.context))
    }
    return OpaquePointer(bitPattern: address)
  }

  private static func status(_ paths: [String]) -> [FileStatus?] { paths.map { try? FileStatus.of($0) } }

  private static func open(_ opener: Opener) throws(TLSError) -> UnsafeMutableRawPointer {
    var error = [CChar](repeating: 0, count: 512)
    if let context = opener(&error, error.count) { return context }
    throw .file(String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }
}

import Platform

/// Bytes that no longer change, shared by reference: what one destination has sent another may still hold.
///
/// `@unchecked Sendable`: the buffer is never written after `init`, and reading it from several threads is safe.
final class SharedBytes: @unchecked Sendable {
  private let buffer: ByteBuffer

  init(_ buffer: consuming ByteBuffer) { self.buffer = buffer }

  /// Valid while this object is.
  var view: ByteView { buffer.view }

  var count: Int { buffer.count }
}

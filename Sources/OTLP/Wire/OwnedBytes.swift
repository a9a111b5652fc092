import Platform

/// A buffer that is no longer written to.
///
/// `@unchecked Sendable`: the buffer was moved in, nobody else has it, and only its view is ever read.
public final class OwnedBytes: @unchecked Sendable {
  private let buffer: ByteBuffer

  public init(_ buffer: consuming ByteBuffer) { self.buffer = buffer }

  /// Valid while this object is.
  public var view: ByteView { buffer.view }
}

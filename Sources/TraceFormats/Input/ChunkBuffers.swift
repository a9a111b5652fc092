import OTLP
import Platform

/// The memory of chunks, used again when a chunk goes, so that reading does not ask the system for pages all the time.
final class ChunkBuffers: Sendable {
  /// The memory of one chunk.
  ///
  /// `@unchecked Sendable`: whoever took it is its only user until it is handed out as part of a chunk; from then on it
  /// is only read.
  final class Buffer: @unchecked Sendable {
    var bytes = ByteBuffer(capacity: 0)
  }

  private let free = Monitor<[Buffer]>([])

  /// More are not kept, nor those that one long record made large.
  private static let maximumKept = 16
  private static let maximumCapacity = 4 << 20

  /// An empty buffer.
  func take() -> Buffer {
    let buffer = free.withLock { $0.popLast() } ?? Buffer()
    buffer.bytes.removeAll()
    return buffer
  }

  /// Takes back a buffer that nobody looks at any more.
  func give(_ buffer: Buffer) {
    if buffer.bytes.allocatedCount > Self.maximumCapacity { return }
    free.withLock { if $0.count < Self.maximumKept { $0.append(buffer) } }
  }
}

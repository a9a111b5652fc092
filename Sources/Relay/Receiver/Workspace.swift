import Compression
import Platform

/// What an event loop needs for looking at bodies, made once: a decompressor and room for its output.
final class Workspace {
  var decompressor = Decompressor()
  var scratch = ByteBuffer(capacity: 64 << 10)

  /// Gives back the room that an unusually large body has needed.
  func trim() {
    if scratch.allocatedCount > 4 << 20 { scratch = ByteBuffer(capacity: 64 << 10) }
    scratch.removeAll()
  }
}

import CZlib
import Platform

/// Deflates a body of any length piece by piece into one gzip member.
///
/// zlib, since libdeflate needs the whole body at once. Its state is kept on the heap: it points back at the structure,
/// which must not move.
public struct StreamCompressor: ~Copyable {
  private let stream: UnsafeMutablePointer<z_stream>

  public init() throws(CompressionError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // Level 1, 15 bits of window, and 16 to ask for the gzip wrapper.
    guard
      deflateInit2_(
        stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else {
      stream.deallocate()
      throw .outOfMemory
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Takes in `input` and appends what comes of it to `output`; with `isLast` the end too.
  public mutating func compress(_ input: ByteView, isLast: Bool, into output: inout ByteBuffer) {
    var rest = input
    repeat {
      let part = rest.prefix(min(rest.count, 1 << 30))
      rest = rest.dropFirst(part.count)
      // zlib reads through this pointer and never writes.
      stream.pointee.next_in = UnsafeMutablePointer(mutating: part.start.assumingMemoryBound(to: UInt8.self))
      stream.pointee.avail_in = UInt32(part.count)
      var isFull = true
      while isFull {
        let room = 64 << 10
        output.append(upTo: room) { space in
          stream.pointee.next_out = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
          stream.pointee.avail_out = UInt32(room)
          _ = deflate(stream, isLast && rest.isEmpty ? Z_FINISH : Z_NO_FLUSH)
          isFull = stream.pointee.avail_out == 0
          return room - Int(stream.pointee.avail_out)
        }
      }
    } while !rest.isEmpty
  }
}

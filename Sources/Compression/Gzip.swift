import CDeflate
import Platform

/// Inflates whole gzip bodies (RFC 1952, one member or several) with libdeflate.
///
/// Reuse one per thread: the library's state is not shared.
public struct GzipDecompressor: ~Copyable {
  let handle: OpaquePointer
  /// Room for trying how a body can be joined with others.
  var trial = ByteBuffer(capacity: 16)

  public init() throws(CompressionError) {
    guard let handle = libdeflate_alloc_decompressor() else { throw .outOfMemory }
    self.handle = handle
  }

  deinit { libdeflate_free_decompressor(handle) }

  /// Appends what `input` holds to `output`, at most `limit` bytes of it; how many members it has. On an error `output` is as
  /// it was.
  @discardableResult
  public mutating func decompress(
    _ input: ByteView, into output: inout ByteBuffer, limit: Int
  ) throws(CompressionError) -> Int {
    let start = output.count
    var rest = input
    var members = 0
    repeat {
      members += 1
      do throws(CompressionError) {
        try member(&rest, into: &output, limit: limit - (output.count - start), whole: limit)
      } catch {
        output.truncate(to: start)
        throw error
      }
    } while !rest.isEmpty
    return members
  }

  /// Inflates the member at the front of `rest` and moves `rest` past it.
  private func member(
    _ rest: inout ByteView, into output: inout ByteBuffer, limit: Int, whole: Int
  ) throws(CompressionError) {
    guard rest.count >= 18 else { throw .truncated(.gzip) }
    guard try GzipHeader.isIntact(of: rest) else { throw .corrupt(.gzip) }
    // The last four bytes are the size modulo 2^32 when this is the only member: a guess, never trusted beyond `limit`.
    let trailer = UInt32(littleEndian: (rest.end - 4).loadUnaligned(as: UInt32.self))
    let ceiling = Swift.min(limit, rest.count * 1032 + 64)
    var room = Swift.min(Swift.max(Int(trailer), rest.count, 64), ceiling)
    while true {
      var used = 0
      var produced = 0
      var outcome = LIBDEFLATE_BAD_DATA
      output.append(upTo: room) { space in
        outcome = libdeflate_gzip_decompress_ex(
          handle, rest.start, rest.count, space.baseAddress, room, &used, &produced)
        return outcome == LIBDEFLATE_SUCCESS ? produced : 0
      }
      if outcome == LIBDEFLATE_SUCCESS {
        rest = rest.dropFirst(used)
        return
      }
      guard outcome == LIBDEFLATE_INSUFFICIENT_SPACE else { throw .corrupt(.gzip) }
      guard room < ceiling else { throw .tooLarge(limit: whole) }
      room = Swift.min(room * 2, ceiling)
    }
  }
}

/// Deflates whole bodies into one gzip member with libdeflate. Reuse one per thread.
public struct GzipCompressor: ~Copyable {
  private let handle: OpaquePointer

  /// - Parameter level: 1 (fastest) to 12; 0 stores.
  public init(level: Int32 = 1) throws(CompressionError) {
    guard let handle = libdeflate_alloc_compressor(Swift.min(Swift.max(level, 0), 12)) else { throw .outOfMemory }
    self.handle = handle
  }

  deinit { libdeflate_free_compressor(handle) }

  /// Appends `input` as one member to `output`.
  public mutating func compress(_ input: ByteView, into output: inout ByteBuffer) {
    let bound = libdeflate_gzip_compress_bound(handle, input.count)
    output.append(upTo: bound) { space in
      libdeflate_gzip_compress(handle, input.start, input.count, space.baseAddress, bound)
    }
  }
}

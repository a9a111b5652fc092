import Libc

/// Small files, read at once.
public enum WholeFile {
  /// Everything that `descriptor` still has to give.
  ///
  /// - Parameters:
  ///   - descriptor: A file, a pipe, standard input.
  ///   - limit: Most bytes to accept; one more is an error (`EFBIG`), so that an endless input ends.
  public static func read(_ descriptor: borrowing FileDescriptor, limit: Int) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      var span = chunk.mutableSpan
      let count = try span.withUnsafeMutableBytes { buffer throws(SystemError) in try descriptor.read(into: buffer) }
      if count == 0 { return bytes }
      guard bytes.count + count <= limit else { throw SystemError("read more than \(limit) bytes", code: EFBIG) }
      bytes.append(contentsOf: chunk[..<count])
    }
  }
}

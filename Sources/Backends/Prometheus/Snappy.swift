import CSnappy
public import Platform
public import Transport

/// The snappy block format, over libsnappy, which is loaded at first use.
public enum Snappy {
  /// Compresses `input`. Fails only when libsnappy is missing.
  public static func compress(_ input: ByteView) throws(HTTPError) -> [UInt8] {
    try load()
    let capacity = csnappy_max_length(input.count)
    return [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      count = csnappy_compress(input.start, input.count, buffer.baseAddress, capacity)
    }
  }

  /// Uncompresses `input`; nil when it is damaged or would be larger than `limit` bytes.
  public static func uncompress(_ input: ByteView, limit: Int) throws(HTTPError) -> [UInt8]? {
    try load()
    var length = 0
    guard csnappy_uncompressed_length(input.start, input.count, &length), length <= limit else { return nil }
    var isIntact = false
    let output = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      isIntact = csnappy_uncompress(input.start, input.count, buffer.baseAddress, length)
      count = isIntact ? length : 0
    }
    return isIntact ? output : nil
  }

  private static func load() throws(HTTPError) {
    guard csnappy_load() else { throw .unavailable(String(cString: csnappy_load_error())) }
  }
}

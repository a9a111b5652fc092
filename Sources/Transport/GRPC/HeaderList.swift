import CNghttp2
import Platform

/// Header fields in the form that nghttp2 takes, alive for one call.
public struct HeaderList {
  private var bytes: [UInt8] = []
  private var fields: [(start: Int, name: Int, value: Int)] = []

  public init() {}

  /// - Parameter name: in lower case, as HTTP/2 demands.
  public mutating func add(_ name: some StringProtocol, _ value: some StringProtocol) {
    let start = bytes.count
    bytes.append(contentsOf: name.utf8)
    let middle = bytes.count
    bytes.append(contentsOf: value.utf8)
    fields.append((start, middle - start, bytes.count - middle))
  }

  /// Calls `body` with the fields; nghttp2 copies them.
  public func withFields<Result>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result) -> Result {
    bytes.withUnsafeBufferPointer { buffer in
      // nghttp2 declares the pointers mutable for historical reasons and does not write through them.
      guard let base = UnsafeMutablePointer(mutating: buffer.baseAddress) else { return body(nil, 0) }
      let list = fields.map { field in
        nghttp2_nv(
          name: base + field.start, value: base + field.start + field.name, namelen: field.name, valuelen: field.value,
          flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
      }
      return list.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
    }
  }
}

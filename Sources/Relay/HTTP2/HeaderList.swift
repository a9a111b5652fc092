import CNghttp2
import Platform

/// Header fields in the form that nghttp2 takes, alive for one call.
struct HeaderList {
  private var bytes: [UInt8] = []
  private var fields: [(start: Int, name: Int, value: Int)] = []

  mutating func add(_ name: StaticString, _ value: some StringProtocol) {
    let start = bytes.count
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: value.utf8)
    fields.append((start, name.utf8CodeUnitCount, bytes.count - start - name.utf8CodeUnitCount))
  }

  /// Calls `body` with the fields; nghttp2 copies them.
  func withFields<Result>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result) -> Result {
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

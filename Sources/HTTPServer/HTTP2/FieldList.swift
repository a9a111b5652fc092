import CNghttp2

/// The fields of a response in the form that nghttp2 takes. Names are static and are not copied.
struct FieldList {
  private var names: [StaticString] = []
  private var values: [UInt8] = []
  private var ends: [Int] = []

  /// - Parameter name: in lower case, as HTTP/2 demands.
  mutating func add(_ name: StaticString, _ value: String) {
    names.append(name)
    values.append(contentsOf: value.utf8)
    ends.append(values.count)
  }

  mutating func add(_ fields: [ServerResponse.Field]) {
    for (name, value) in fields { add(name, value) }
  }

  /// Calls `body` with the fields; nghttp2 copies the values.
  func withFields(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Void) {
    values.withUnsafeBufferPointer { buffer in
      // nghttp2 declares the pointers mutable for historical reasons and does not write through them.
      guard let base = UnsafeMutablePointer(mutating: buffer.baseAddress) else { return body(nil, 0) }
      withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: names.count) { list in
        var start = 0
        for (index, name) in names.enumerated() {
          list[index] = nghttp2_nv(
            name: UnsafeMutablePointer(mutating: name.utf8Start), value: base + start,
            namelen: name.utf8CodeUnitCount, valuelen: ends[index] - start,
            flags: UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue))
          start = ends[index]
        }
        body(UnsafePointer(list.baseAddress), names.count)
      }
    }
  }
}

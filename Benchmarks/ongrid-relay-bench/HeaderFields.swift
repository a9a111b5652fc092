import CNghttp2

/// Calls `body` with header fields in the form that nghttp2 takes; it copies them.
func withHeaderFields(_ list: [(String, String)], _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Int32) -> Int32 {
  var bytes: [UInt8] = []
  for (name, value) in list {
    bytes += name.utf8
    bytes += value.utf8
  }
  return bytes.withUnsafeMutableBufferPointer { buffer in
    guard var position = buffer.baseAddress else { return body(nil, 0) }
    let fields = list.map { name, value in
      let field = nghttp2_nv(
        name: position, value: position + name.utf8.count, namelen: name.utf8.count, valuelen: value.utf8.count,
        flags: 0)
      position += name.utf8.count + value.utf8.count
      return field
    }
    return body(fields, fields.count)
  }
}

import Libc

/// The name this host gives itself; `localhost` when it has none.
public var hostName: String {
  var name = [CChar](repeating: 0, count: 256)
  // A name that fills the buffer is not terminated.
  guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
  let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  return text.isEmpty ? "localhost" : text
}

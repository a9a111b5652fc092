import Platform

/// Numbers for names, so that a span holds four bytes in place of a string.
struct NameTable {
  private(set) var names: [String] = []
  private var numbers: [String: Int32] = [:]
  /// Names by the bytes' hash, which saves making a string of every name that is known.
  private var byHash: [Int: Int32] = [:]

  subscript(_ number: Int32) -> String { number >= 0 ? names[Int(number)] : "" }

  /// Longer names are cut: they come from outside and are kept.
  private static let maximumLength = 300

  mutating func number(of bytes: ByteView) -> Int32 {
    var hasher = Hasher()
    hasher.combine(bytes)
    let hash = hasher.finalize()
    if let known = byHash[hash] { return known }
    let number = number(of: String(bytes.prefix(NameTable.maximumLength)))
    byHash[hash] = number
    return number
  }

  mutating func number(of name: String) -> Int32 {
    if let known = numbers[name] { return known }
    let number = Int32(clamping: names.count)
    names.append(name)
    numbers[name] = number
    return number
  }

  func known(_ name: String) -> Int32? { numbers[name] }
}

import OTLP
import Platform

/// A few attribute keys to look for in one pass over a span's attributes.
///
/// Invariants: `keys` holds `count` views of bytes that stand in `text`; both live as long as this. A key's bit in
/// `lengths` is that of its length (63 for all longer ones), so that most attributes are passed over without comparing.
struct AttributeKeys: ~Copyable {
  /// At most 64: a set of them is a word.
  let count: Int
  private let keys: UnsafeMutablePointer<ByteView>
  private let text: UnsafeMutableRawPointer
  private let lengths: UInt64

  init(_ names: [String]) {
    let names = names.prefix(64)
    count = names.count
    keys = .allocate(capacity: max(1, count))
    text = .allocate(byteCount: max(1, names.reduce(0) { $0 + $1.utf8.count }), alignment: 1)
    var lengths: UInt64 = 0
    var offset = 0
    for (index, name) in names.enumerated() {
      let start = text + offset
      for byte in name.utf8 {
        text.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
        offset += 1
      }
      (keys + index).initialize(to: ByteView(start: start, count: name.utf8.count))
      lengths |= Self.bit(name.utf8.count)
    }
    self.lengths = lengths
  }

  deinit {
    keys.deallocate()
    text.deallocate()
  }

  @inline(__always)
  private static func bit(_ length: Int) -> UInt64 { 1 << UInt64(min(length, 63)) }

  /// Finds the keys among `attributes`: the AnyValue of key `i` goes to `values[i]` and bit `i` of the result is set.
  /// Of attributes with the same key the first counts.
  @inline(__always)
  func find(
    in attributes: RepeatedField<KeyValueView>, _ values: UnsafeMutablePointer<ByteView>
  ) throws(WireError) -> UInt64 {
    var found: UInt64 = 0
    var rest = attributes
    while let attribute = try rest.next() {
      if lengths & Self.bit(attribute.key.count) == 0 { continue }
      for index in 0..<count where attribute.key.matches(keys[index]) && found & (1 << UInt64(index)) == 0 {
        values[index] = attribute.valueBytes
        found |= 1 << UInt64(index)
      }
    }
    return found
  }
}

import Platform

/// Distinct byte strings, each with a small number: label values are kept once, and series refer to them by number.
///
/// What comes out of it is fit to be a label value: UTF-8 (what is not becomes U+FFFD) of bounded length. Number 0 is
/// the empty string, which as a label value means the label is absent.
///
/// Invariants: an entry's bytes stand in `memory`, where they are neither moved nor freed as long as the interner or one
/// of its `texts` lives.
struct Interner: ~Copyable {
  /// Longer values are cut at least, at a character boundary. Tempo has the same limit.
  static let maxValueBytes = 2048

  private let maxBytes: Int

  /// When the values together take more, the interner calls itself full.
  static let maxStoredBytes = 64 << 20

  struct Entry: Sendable {
    let bytes: ByteView
    let hash: UInt64
  }

  private var entries: [Entry] = [Entry(bytes: .empty, hash: 0)]
  private var index = HashIndex()
  private let memory = TextMemory()
  private var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  private var storedBytes = 0
  private let hash: ByteHash

  /// - Parameter maxBytes: where values are cut, up to `maxValueBytes`.
  init(hash: ByteHash, maxBytes: Int = Interner.maxValueBytes) {
    self.hash = hash
    self.maxBytes = maxBytes
  }

  /// How many numbers are in use, the empty string's included.
  var count: Int { entries.count }

  /// Whether so much is stored that nothing should be added: a bound for input that is nothing but long values.
  var isFull: Bool { storedBytes > Self.maxStoredBytes }

  /// The bytes numbered `id`.
  subscript(id: UInt32) -> ByteView { entries[Int(id)].bytes }

  /// The number of `value`.
  mutating func intern(_ value: ByteView) -> UInt32 {
    if value.isEmpty { return 0 }
    if value.count > maxBytes { return intern(cut(value)) }
    let hash = hash(value)
    if let known = find(value, hash) { return known }
    return internNew(value, hash)
  }

  /// The number of `value` if it has one.
  func lookUp(_ value: ByteView) -> UInt32? {
    if value.isEmpty { return 0 }
    return value.count > maxBytes ? lookUp(cut(value)) : find(value, hash(value))
  }

  /// The number of `text`.
  mutating func intern(_ text: String) -> UInt32 {
    Array(text.utf8).withByteView { intern($0) }
  }

  /// All values there are now, for whoever writes them while more come.
  var texts: InternedTexts { InternedTexts(entries, memory) }

  @inline(__always)
  private func find(_ value: ByteView, _ hash: UInt64) -> UInt32? {
    index.find(hash) { entries[$0].bytes.matches(value) }.map { UInt32(truncatingIfNeeded: $0) }
  }

  @inline(never)
  private mutating func internNew(_ value: ByteView, _ hash: UInt64) -> UInt32 {
    if String(validating: value.buffer, as: UTF8.self) == nil { return intern(String(value)) }
    let id = entries.count
    index.insert(hash, id) { [entries] in entries[$0].hash }
    entries.append(Entry(bytes: store(value), hash: hash))
    return UInt32(id)
  }

  /// The longest beginning within the limit that ends between two characters.
  private func cut(_ value: ByteView) -> ByteView {
    var end = maxBytes
    while end > max(0, maxBytes - 4) && value[end] & 0xC0 == 0x80 { end -= 1 }
    return value.prefix(end)
  }

  private mutating func store(_ value: ByteView) -> ByteView {
    if room.count < value.count {
      let size = max(16 << 10, value.count)
      room = memory.allocate(size)
    }
    storedBytes += value.count
    room.copyMemory(from: value.buffer)
    let stored = ByteView(UnsafeRawBufferPointer(rebasing: room[..<value.count]))
    room = UnsafeMutableRawBufferPointer(rebasing: room[value.count...])
    return stored
  }
}

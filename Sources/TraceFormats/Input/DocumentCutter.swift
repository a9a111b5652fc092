import Platform

/// Cuts a JSON document that is too long to be held between the elements of its lists of telemetry, so that it is read
/// as several documents; each byte is looked at once.
///
/// Only brackets, strings and the keys that lead to a list are looked at: whether the text is JSON is for the reader of the
/// pieces to say, to which every byte comes but for the commas that were cut at. A list inside of a ResourceSpans, or of
/// a trace of Jaeger's, is cut only where what its elements need to be understood (the resource, the scope, the processes)
/// stands before it, and is then repeated in front of each piece.
struct DocumentCutter {
  /// An open container on the way to a list, or a list.
  private struct Level {
    var isObject: Bool
    /// What has to stand in front of a piece for it to begin in this container; of an object in a list that was not yet
    /// cut, nothing: its own text stands there.
    var head: [UInt8] = []
    /// Where an object begins.
    var start = 0
    /// Whether the container holds lists of documents or resources, and not what is inside of one.
    var isOuter: Bool
    /// Keys met that say what the elements of a list belong to.
    var known: Known = []
    var key: DocumentListKey?
    /// The comma behind an element, until the next one begins.
    var comma: Int?
  }

  /// Where a piece may end.
  private struct Cut {
    var comma: Int
    var levels: Int
    /// Whether the document before the comma goes on behind it.
    var continues: Bool
    /// Set when the levels are left.
    var prefix: [UInt8]?
    var suffix: [UInt8] = []
  }

  struct Known: OptionSet {
    let rawValue: UInt8
    static let resource = Known(rawValue: 1)
    static let scope = Known(rawValue: 2)
    static let processes = Known(rawValue: 4)
  }

  private var position = 0
  private var levels: [Level] = []
  /// Containers open inside of the innermost level.
  private var depth = 0
  private var isInString = false
  private var expectsKey = false
  private var keyStart: Int?
  private var key: [UInt8] = []
  /// The last place between documents or resources, and the last one inside of one of them.
  private var outer: Cut?
  private var inner: Cut?
  /// Where the document ends, once it does.
  private(set) var end: Int?
  /// What stands in front of the piece that comes next.
  private(set) var prefix: [UInt8] = []
  private(set) var continues = false

  /// The most bytes that are repeated in front of each piece.
  private static let maximumHead = 256 << 10

  /// Looks at what `buffer` has beyond what it had at the last call.
  mutating func scan(_ buffer: ByteView) {
    while position < buffer.count, end == nil {
      if isInString {
        guard string(buffer) else { return }
      } else if depth > 0 {
        inside(buffer)
      } else {
        structure(buffer)
      }
    }
  }

  /// Goes to the end of the string; `false` when it has not come yet.
  private mutating func string(_ buffer: ByteView) -> Bool {
    var from = position
    while let quote = buffer.firstIndex(of: UInt8(ascii: "\""), from: from) {
      var first = quote
      while first > position, buffer[first - 1] == UInt8(ascii: "\\") { first -= 1 }
      guard (quote - first) % 2 == 0 else {
        from = quote + 1
        continue
      }
      isInString = false
      if let keyStart {
        key = quote - keyStart <= 40 ? [UInt8](buffer[keyStart..<quote]) : []
        self.keyStart = nil
      }
      position = quote + 1
      return true
    }
    // A backslash at the end that is not the second of a pair belongs to what comes next.
    var stop = buffer.count
    while stop > position, buffer[stop - 1] == UInt8(ascii: "\\") { stop -= 1 }
    position = buffer.count - (buffer.count - stop) % 2
    return false
  }

  /// Goes through containers in which nothing is cut, up to a string that is not whole or to where they end.
  private mutating func inside(_ buffer: ByteView) {
    var at = position
    var open = depth
    while at < buffer.count, open > 0 {
      switch buffer[at] {
      case UInt8(ascii: "\""):
        position = at + 1
        isInString = true
        guard string(buffer) else {
          depth = open
          return
        }
        at = position
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): open += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): open -= 1
      default: break
      }
      at += 1
    }
    position = at
    depth = open
  }

  private mutating func structure(_ buffer: ByteView) {
    let byte = buffer[position]
    switch byte {
    case UInt8(ascii: "\""):
      isInString = true
      if depth == 0, expectsKey {
        keyStart = position + 1
        expectsKey = false
      }
    case UInt8(ascii: "{"), UInt8(ascii: "["): open(isObject: byte == UInt8(ascii: "{"), buffer)
    case UInt8(ascii: "}"), UInt8(ascii: "]"): close()
    case UInt8(ascii: ",") where depth == 0 && !levels.isEmpty:
      let last = levels.count - 1
      if levels[last].isObject { expectsKey = true } else { levels[last].comma = position }
    default: break
    }
    position += 1
  }

  private mutating func open(isObject: Bool, _ buffer: ByteView) {
    guard depth == 0 else {
      depth += 1
      return
    }
    guard let parent = levels.last else {
      levels.append(Level(isObject: isObject, head: isObject ? [] : Array("[".utf8), start: position, isOuter: true))
      expectsKey = isObject
      return
    }
    if parent.isObject { openMember(isObject, of: parent, buffer) } else { openElement(isObject, of: parent) }
  }

  /// A container in a list: an object that may hold lists, or, where lists have no names, a list.
  private mutating func openElement(_ isObject: Bool, of parent: Level) {
    if let comma = parent.comma {
      let cut = Cut(
        comma: comma, levels: levels.count, continues: !parent.isOuter || parent.key == .resources)
      if parent.isOuter { outer = cut } else { inner = cut }
      levels[levels.count - 1].comma = nil
    }
    guard levels.count < 8, isObject ? parent.key?.isInnermost != true : parent.key == nil else {
      depth += 1
      return
    }
    levels.append(
      Level(
        isObject: isObject, head: isObject ? [] : Array("[".utf8), start: position,
        isOuter: parent.key == nil, key: parent.key))
    expectsKey = isObject
  }

  /// A container that is the value of a member.
  private mutating func openMember(_ isObject: Bool, of parent: Level, _ buffer: ByteView) {
    let last = levels.count - 1
    levels[last].known.formUnion(DocumentListKey.known(key))
    let name = "\"" + String(decoding: key, as: UTF8.self) + "\":"
    if isObject {
      if parent.isOuter, DocumentListKey.isWrapper(key) {
        levels.append(Level(isObject: true, head: Array(("{" + name).utf8), start: position, isOuter: true))
        expectsKey = true
        return
      }
    } else if let list = DocumentListKey(key) {
      if list.isOuter, parent.isOuter {
        levels.append(Level(isObject: false, head: Array(("{" + name + "[").utf8), isOuter: true, key: list))
        return
      }
      // Of an object that was cut before, the beginning is no longer there.
      if !list.isOuter, parent.start >= 0, position - parent.start < Self.maximumHead, list.mayBeCut(parent.known) {
        let text = buffer[parent.start..<position + 1]
        levels.append(Level(isObject: false, head: [UInt8](text), isOuter: false, key: list))
        return
      }
    }
    depth += 1
  }

  private mutating func close() {
    if depth > 0 {
      depth -= 1
      return
    }
    keep(&outer)
    keep(&inner)
    levels.removeLast(min(1, levels.count))
    expectsKey = false
    if levels.isEmpty { end = position + 1 }
  }

  /// Notes what a cut needs of the levels before the innermost is left.
  private func keep(_ cut: inout Cut?) {
    guard let some = cut, some.prefix == nil, some.levels >= levels.count else { return }
    cut?.prefix = prefix(some.levels)
    cut?.suffix = suffix(some.levels)
  }

  private func prefix(_ count: Int) -> [UInt8] { levels.prefix(count).flatMap(\.head) }

  private func suffix(_ count: Int) -> [UInt8] {
    levels.prefix(count).reversed().map { $0.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]") }
  }

  /// Whether a piece can be had.
  var hasCut: Bool { end != nil || outer != nil || inner != nil }

  /// A piece: what stands before it, how many bytes of the buffer it has, what has to follow it, and how many bytes of the
  /// buffer go with it.
  struct Piece {
    var prefix: [UInt8]
    var count: Int
    var suffix: [UInt8]
    var consumed: Int
    /// Whether the first document in it began in the piece before.
    var continues: Bool
  }

  /// What is left, of `count` bytes, where the input ends inside of the document.
  func rest(_ count: Int) -> Piece {
    Piece(prefix: prefix, count: count, suffix: [], consumed: count, continues: continues)
  }

  /// The next piece, as long as may be; nil when there is no place to cut at yet. The caller takes its bytes away.
  mutating func next() -> Piece? {
    if let end { return rest(end) }
    guard let cut = outer ?? inner else { return nil }
    let piece = Piece(
      prefix: prefix, count: cut.comma, suffix: cut.prefix == nil ? suffix(cut.levels) : cut.suffix,
      consumed: cut.comma + 1, continues: continues)
    continues = cut.continues
    prefix = cut.prefix ?? prefix(cut.levels)
    if outer == nil { inner = nil } else if let inside = inner, inside.comma < cut.comma { inner = nil }
    outer = nil
    let taken = piece.consumed
    position -= taken
    if let keyStart { self.keyStart = keyStart - taken }
    inner?.comma -= taken
    for index in levels.indices {
      levels[index].start -= taken
      if let comma = levels[index].comma { levels[index].comma = comma - taken }
    }
    return piece
  }
}

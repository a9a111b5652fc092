import Platform

/// A place in a text as people count: lines and columns from 1, a column being a character (Unicode code point).
public struct LineColumn: Sendable, Equatable, Hashable, Comparable {
  /// From 1.
  public let line: Int
  /// From 1, in code points.
  public let column: Int

  /// A place that is known already.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// The place of byte `offset` of `text`; past the end counts as the end.
  public init(of offset: Int, in text: ByteView) {
    let offset = min(max(offset, 0), text.count)
    var line = 1
    var lineStart = 0
    while let feed = text.firstIndex(of: UInt8(ascii: "\n"), from: lineStart), feed < offset {
      line += 1
      lineStart = feed + 1
    }
    self.init(line: line, column: 1 + LineColumn.characters(in: text[lineStart..<offset]))
  }

  /// Earlier in the text.
  public static func < (left: LineColumn, right: LineColumn) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }

  /// Code points in `text`: the bytes that do not continue one.
  static func characters(in text: ByteView) -> Int {
    text.buffer.reduce(into: 0) { count, byte in count += byte & 0xC0 != 0x80 ? 1 : 0 }
  }
}

/// The places of many offsets of one text: lines are found and characters counted once, however long a line is.
public struct LineIndex: Sendable {
  /// Bytes between two counts.
  private static let stride = 1024

  /// Byte offset of the first byte of each line.
  private let starts: [Int]
  /// Characters that begin before each multiple of `stride`.
  private let counts: [Int]

  /// Reads the text once.
  public init(_ text: ByteView) {
    var starts = [0]
    var at = 0
    while let feed = text.firstIndex(of: UInt8(ascii: "\n"), from: at) {
      at = feed + 1
      starts.append(at)
    }
    var counts = [0]
    var offset = 0
    var characters = 0
    while offset + LineIndex.stride <= text.count {
      characters += LineColumn.characters(in: text[offset..<(offset + LineIndex.stride)])
      offset += LineIndex.stride
      counts.append(characters)
    }
    self.starts = starts
    self.counts = counts
  }

  /// The place of byte `offset` of the text this index was made from; past the end counts as the end.
  public func place(of offset: Int, in text: ByteView) -> LineColumn {
    let offset = min(max(offset, 0), text.count)
    let line = lineNumber(of: offset)
    return LineColumn(
      line: line, column: 1 + characters(before: offset, text) - characters(before: starts[line - 1], text))
  }

  /// The bytes of line `number` (from 1) without its line end; empty for a line that does not exist.
  public func range(ofLine number: Int, in text: ByteView) -> Range<Int> {
    guard number >= 1, number <= starts.count else { return 0..<0 }
    let start = starts[number - 1]
    var end = number < starts.count ? starts[number] - 1 : text.count
    if end > start, end <= text.count, text[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return start..<max(start, end)
  }

  private func characters(before offset: Int, _ text: ByteView) -> Int {
    let block = min(offset / LineIndex.stride, counts.count - 1)
    return counts[block] + LineColumn.characters(in: text[(block * LineIndex.stride)..<offset])
  }

  private func lineNumber(of offset: Int) -> Int {
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= offset { low = middle } else { high = middle }
    }
    return low + 1
  }
}

import Platform

/// A place in a text as people count: lines and columns from 1, a column being a character (Unicode code point).
public struct LineColumn: Sendable, Equatable, Hashable, Comparable {
  public let line: Int
  public let column: Int

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

  public static func < (left: LineColumn, right: LineColumn) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }

  /// Code points in `text`; bytes that are not UTF-8 count as the replacement characters they would print as.
  static func characters(in text: ByteView) -> Int {
    String(text).unicodeScalars.count
  }
}

/// The places of many offsets of one text: lines are found once.
public struct LineIndex: Sendable {
  /// Byte offset of the first byte of each line.
  private let starts: [Int]

  public init(_ text: ByteView) {
    var starts = [0]
    var at = 0
    while let feed = text.firstIndex(of: UInt8(ascii: "\n"), from: at) {
      at = feed + 1
      starts.append(at)
    }
    self.starts = starts
  }

  /// The place of byte `offset` of the text this index was made from; past the end counts as the end.
  public func place(of offset: Int, in text: ByteView) -> LineColumn {
    let offset = min(max(offset, 0), text.count)
    let line = lineNumber(of: offset)
    let column = 1 + LineColumn.characters(in: text[starts[line - 1]..<offset])
    return LineColumn(line: line, column: column)
  }

  /// The bytes of line `number` (from 1) without its line end.
  public func line(_ number: Int, in text: ByteView) -> ByteView {
    guard number >= 1, number <= starts.count else { return .empty }
    let start = starts[number - 1]
    var end = number < starts.count ? starts[number] - 1 : text.count
    if end > start, end <= text.count, text[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return text[start..<end]
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

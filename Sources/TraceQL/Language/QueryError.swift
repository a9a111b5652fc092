/// Why a query was refused, and where.
public struct QueryError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong, in one line, without position.
  public let message: String
  /// What was probably meant, to be read after "did you mean".
  public let suggestion: String?
  /// The offending bytes of the query.
  public let range: SourceRange
  /// Line of the error, from 1.
  public let line: Int
  /// Column of the error in characters, from 1.
  public let column: Int
  /// The line of the query that holds the error.
  public let sourceLine: String
  /// How many characters of that line the error covers, at least 1.
  public let length: Int

  /// An error in `query` at `range`.
  public init(_ message: String, in query: String, at range: SourceRange, suggestion: String? = nil) {
    self.message = message
    self.suggestion = suggestion
    self.range = range
    let bytes = Array(query.utf8)
    let start = min(max(range.start, 0), bytes.count)
    let lineStart = bytes[..<start].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    let lineEnd = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    let end = min(max(range.end, start), lineEnd)
    line = bytes[..<start].reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
    column = String(decoding: bytes[lineStart..<start], as: UTF8.self).count + 1
    sourceLine = String(decoding: bytes[lineStart..<lineEnd], as: UTF8.self)
    length = max(1, String(decoding: bytes[start..<end], as: UTF8.self).count)
  }

  /// One line: position, message and suggestion.
  public var description: String {
    "line \(line), column \(column): \(message)" + (suggestion.map { ", did you mean \($0)?" } ?? "")
  }

  /// The offending line with a caret under the error, on two lines without a final newline.
  public var excerpt: String {
    // Tabs stay tabs in the margin, so that the caret stands where the terminal puts the error.
    let margin = String(sourceLine.prefix(column - 1).map { $0 == "\t" ? "\t" : " " })
    return sourceLine + "\n" + margin + String(repeating: "^", count: length)
  }
}

/// Where a piece of a query stands in its text, as a range of UTF-8 byte offsets.
///
/// A range says where something was written, not what it means: any two ranges compare equal, so
/// that two syntax trees are equal when they mean the same query, whatever its spacing.
public struct SourceRange: Hashable, Sendable {
  /// Offset of the first byte.
  public var start: Int
  /// Offset just past the last byte.
  public var end: Int

  /// A range of byte offsets.
  public init(_ start: Int, _ end: Int) {
    self.start = start
    self.end = end
  }

  /// The range of something that was built, not parsed.
  public static let none = SourceRange(0, 0)

  public static func == (_: SourceRange, _: SourceRange) -> Bool { true }
  public func hash(into _: inout Hasher) {}

  /// The smallest range that covers both.
  func union(_ other: SourceRange) -> SourceRange {
    SourceRange(min(start, other.start), max(end, other.end))
  }
}

/// Cuts what a client sends into lines, with a bound on their length.
public struct MCPLines: Sendable {
  public enum Line: Sendable, Equatable {
    case text([UInt8])
    /// A line above the bound, of which nothing was kept.
    case tooLong
  }

  private let limit: Int
  private var pending: [UInt8] = []
  private var isTooLong = false

  /// - Parameter limit: bytes of the longest line that is taken.
  public init(limit: Int) { self.limit = limit }

  /// The lines that `bytes` end, without their line feeds; blank ones are left out.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) -> [Line] {
    var lines: [Line] = []
    for piece in bytes.split(separator: 0x0A, maxSplits: .max, omittingEmptySubsequences: false).enumerated() {
      if piece.offset > 0, let line = end() { lines.append(line) }
      guard !isTooLong else { continue }
      if pending.count + piece.element.count > limit {
        isTooLong = true
        pending = []
      } else {
        pending.append(contentsOf: piece.element)
      }
    }
    return lines
  }

  /// Ends the line that is under way; nil when there is nothing of it.
  public mutating func end() -> Line? {
    defer {
      pending = []
      isTooLong = false
    }
    if isTooLong { return .tooLong }
    return pending.allSatisfy { $0 == 0x20 || $0 == 0x0D || $0 == 0x09 } ? nil : .text(pending)
  }
}

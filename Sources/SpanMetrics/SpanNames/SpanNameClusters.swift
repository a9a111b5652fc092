import Platform

/// Patterns of span names, shared by all who read: names that differ in what looks like data become one, such as
/// `GET /users/<_>`.
///
/// What a name becomes depends on the names before it, as in Tempo, so that the same names in the same order give the
/// same patterns.
public final class SpanNameClusters: Sendable {
  private struct State: ~Copyable {
    var tree = NameTree()
    /// What names became, as long as no pattern changes.
    var known: [[UInt8]: [UInt8]?] = [:]
    var knownBytes = 0
    var generation = 0
  }

  private let state = Monitor(State())

  /// Most bytes of names whose pattern is remembered.
  private static let maxKnownBytes = 8 << 20

  public init() {}

  /// The pattern of a name; nil where the name stands for itself.
  func pattern(of name: ByteView) -> [UInt8]? {
    let key = Array(name.prefix(Interner.maxValueBytes))
    return state.withLock { state in
      if state.generation == state.tree.changes, let known = state.known[key] { return known }
      let text = String(decoding: key, as: UTF8.self)
      let pattern = state.tree.train(text).flatMap { $0 == text ? nil : Array($0.utf8) }
      if state.generation != state.tree.changes || state.knownBytes > Self.maxKnownBytes {
        state.knownBytes = 0
        state.known.removeAll(keepingCapacity: true)
        state.generation = state.tree.changes
      }
      state.known[key] = .some(pattern)
      state.knownBytes += 64 + key.count + (pattern?.count ?? 0)
      return pattern
    }
  }
}

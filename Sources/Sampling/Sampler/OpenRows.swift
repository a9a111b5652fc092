import Platform

/// How many traces still need each row of the queue directory.
final class OpenRows: Sendable {
  private struct Row {
    var traces: Int
    let bytes: Int
  }

  private struct State {
    var rows: [Int64: Row] = [:]
    var bytes = 0
  }

  private let state = Monitor(State())

  /// Bytes of all rows.
  var bytes: Int { state.withLock { $0.bytes } }

  /// A row of so many bytes is being taken: it stays until `release` is called once more than `hold`.
  func begin(_ row: Int64, bytes: Int) {
    state.withLock { state in
      state.rows[row] = Row(traces: 1, bytes: bytes)
      state.bytes += bytes
    }
  }

  /// One more trace needs the row.
  func hold(_ row: Int64) { state.withLock { $0.rows[row]?.traces += 1 } }

  /// One trace less needs the row; whether none does.
  func release(_ row: Int64) -> Bool {
    state.withLock { state in
      guard var entry = state.rows[row] else { return false }
      entry.traces -= 1
      guard entry.traces == 0 else {
        state.rows[row] = entry
        return false
      }
      state.rows[row] = nil
      state.bytes -= entry.bytes
      return true
    }
  }
}

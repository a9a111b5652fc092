import Platform

/// One of the two runs that `--diff` compares.
enum DifferenceSide: Equatable {
  /// A file or directory.
  case file(String)
  /// One trace of a source, 32 digits.
  case trace(String)
  /// What a source holds of this time.
  case range(Timestamp, Timestamp)

  /// Reads `id:TRACEID`, `START..END` or a path.
  init(_ text: String, _ arguments: Arguments) throws(CommandError) {
    if text.hasPrefix("id:") {
      self = .trace(try TraceIDList.read([String(text.dropFirst(3))], arguments, inFiles: true)[0])
      return
    }
    let parts = text.split(separator: "..", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    if parts.count == 2, let start = Timestamp(parts[0], now: arguments.now),
      let end = Timestamp(parts[1], now: arguments.now)
    {
      guard start < end else {
        throw .usage("--diff: the range \(StandardErrorLog.oneLine(text)) ends before it starts")
      }
      self = .range(start, end)
    } else {
      self = .file(text)
    }
  }
}

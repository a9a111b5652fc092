import Platform

/// The stretch of time that a command looks at.
enum TimeRangeOptions {
  static let since = Option.value(
    "since", "DURATION", .duration(), default: "1h", help: "Look this far back from --end",
    documentation: "Over files there is no limit unless `--since`, `--start` or `--end` is given.")
  static let start = Option.value("start", "TIME", .time, help: "Look from here; wins over --since")
  static let end = Option.value("end", "TIME", .time, help: "Look up to here; otherwise now")

  static let all: [any CommandOption] = [since, start, end]

  /// The ends that the command line gives; nil for those that it leaves open.
  static func read(_ arguments: Arguments) throws(CommandError) -> (start: Timestamp?, end: Timestamp?) {
    let end = try arguments[end]
    var start = try arguments[start]
    if start == nil, arguments.isGiven(since) {
      start = (end ?? arguments.now).advanced(byNanoseconds: -(try arguments[since].nanoseconds))
    }
    if let start, start >= (end ?? .init(nanoseconds: .max)) { throw .usage("--start must be before --end") }
    return (start, end)
  }

  /// The same as nanoseconds since 1970; nil where both ends are open.
  static func nanoseconds(_ arguments: Arguments) throws(CommandError) -> Range<UInt64>? {
    let (start, end) = try read(arguments)
    if start == nil, end == nil { return nil }
    let first = UInt64(clamping: start?.nanoseconds ?? 0)
    return first..<max(first, UInt64(clamping: end?.nanoseconds ?? Int64.max))
  }
}

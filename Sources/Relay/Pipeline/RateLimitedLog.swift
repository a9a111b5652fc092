import Platform

/// Writes each kind of line at most once a minute, and then says how many were left out.
final class RateLimitedLog: Sendable {
  private struct Kind {
    var last: Int64
    var suppressed: Int
  }

  private let log: Log
  private let kinds = Monitor<[String: Kind]>([:])

  init(_ log: Log) { self.log = log }

  func warn(_ message: @autoclosure () -> String, kind: String) { write(.warn, message(), kind) }
  func error(_ message: @autoclosure () -> String, kind: String) { write(.error, message(), kind) }

  private func write(_ level: LogLevel, _ message: @autoclosure () -> String, _ kind: String) {
    let now = monotonicNanoseconds()
    let suppressed: Int? = kinds.withLock { kinds in
      if let last = kinds[kind], now - last.last < 60_000_000_000 {
        kinds[kind]?.suppressed += 1
        return nil
      }
      let suppressed = kinds[kind]?.suppressed ?? 0
      kinds[kind] = Kind(last: now, suppressed: 0)
      return suppressed
    }
    guard let suppressed else { return }
    log.log(level, suppressed > 0 ? "\(message()) (and \(suppressed) more like this)" : message())
  }
}

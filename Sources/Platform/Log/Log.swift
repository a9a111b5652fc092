/// How much a log line matters. Lines below the chosen level are not written.
public enum LogLevel: Int, Sendable, Comparable, CaseIterable {
  /// Detail for whoever debugs this program.
  case debug
  /// What a normal run does.
  case info
  /// Something is wrong but work goes on.
  case warn
  /// Something failed.
  case error

  /// The name used by `--log-level` and in log lines.
  public var name: String {
    switch self {
    case .debug: "debug"
    case .info: "info"
    case .warn: "warn"
    case .error: "error"
    }
  }

  public static func < (left: LogLevel, right: LogLevel) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// One log line before it is written: a message and fields that belong to it.
public struct LogRecord: Sendable {
  public var level: LogLevel
  public var message: String
  /// Names and values in the order they are written.
  public var fields: [(name: String, value: String)]

  /// A record from its parts.
  public init(level: LogLevel, message: String, fields: [(name: String, value: String)] = []) {
    self.level = level
    self.message = message
    self.fields = fields
  }
}

/// Where a library reports what happens while it runs. The library decides what is worth a line; whoever made the
/// `Log` decides where lines go and how they look. Safe to use from any thread.
public struct Log: Sendable {
  /// The lowest level that is written.
  public let level: LogLevel
  private let output: @Sendable (LogRecord) -> Void

  /// A log that hands every record at `level` or above to `write`, on the thread that logged it.
  public init(level: LogLevel, write: @escaping @Sendable (LogRecord) -> Void) {
    self.level = level
    output = write
  }

  /// A log that drops everything, for tests and for callers that do not care.
  public static let discarding = Log(level: .error) { _ in }

  /// Writes a record that was made elsewhere, if its level is enabled.
  public func write(_ record: LogRecord) {
    if record.level >= level { output(record) }
  }

  /// Writes one line if `level` is enabled; the message and fields are not built otherwise.
  public func log(
    _ level: LogLevel, _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
  ) {
    guard level >= self.level else { return }
    output(LogRecord(level: level, message: message(), fields: fields().map { (name: $0.key, value: $0.value) }))
  }

  public func debug(
    _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
  ) {
    log(.debug, message(), fields())
  }

  public func info(
    _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
  ) {
    log(.info, message(), fields())
  }

  public func warn(
    _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
  ) {
    log(.warn, message(), fields())
  }

  public func error(
    _ message: @autoclosure () -> String, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
  ) {
    log(.error, message(), fields())
  }
}

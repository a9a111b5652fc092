import JSON
import Platform

/// What a collector writes, as records of this program's log.
enum CollectorLog {
  /// Reads one line: a JSON object of the collector's logger, or whatever else it and its runtime print.
  static func record(_ line: String) -> LogRecord {
    guard line.hasPrefix("{"), let object = try? JSONDocument.parse(line), let members = object.members,
      let message = object["msg"]?.string
    else {
      let isError = ["Error: ", "panic: ", "fatal error: "].contains { line.hasPrefix($0) }
      return LogRecord(level: isError ? .error : .info, message: "otelcol: \(line)")
    }
    var record = LogRecord(level: level(object["level"]?.string, message), message: "otelcol: \(message)")
    for member in members where !dropped.contains(member.key) {
      record.fields.append((member.key, member.value.string ?? text(member.value)))
    }
    return record
  }

  /// What every line says again, what says where in the collector's source it is from, and what the record has already.
  private static let dropped: Set<String> = ["level", "ts", "caller", "msg", "resource", "stacktrace"]

  /// A record of an error in one line: what failed, and why.
  static func cause(_ record: LogRecord) -> String {
    var text = record.message
    for prefix in ["otelcol: ", "Error: "] where text.hasPrefix(prefix) { text.removeFirst(prefix.count) }
    let error = record.fields.first { $0.name == "error" }
    return text + (error.map { ": \($0.value)" } ?? "")
  }

  /// How many items an exporter says that it has given up.
  static func lostItems(_ record: LogRecord) -> Int {
    record.fields.first { $0.name == "dropped_items" }.flatMap { Int($0.value) } ?? 0
  }

  private static func level(_ name: String?, _ message: String) -> LogLevel {
    switch name {
    case "debug": .debug
    // The names that all releases know are old ones in the newest, and there is nothing that a user could do about it.
    case "warn": message.contains("alias is deprecated") ? .debug : .warn
    case "error", "dpanic", "panic", "fatal": .error
    default: .info
    }
  }

  private static func text(_ value: JSONValue) -> String {
    var writer = JSONWriter()
    writer.value(value)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}

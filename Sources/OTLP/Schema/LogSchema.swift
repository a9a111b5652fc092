import Platform

/// opentelemetry/proto/logs/v1/logs.proto.
enum LogSchema {
  static let resourceLogs = CommonSchema.resourceElement(
    "scopeLogs", before: "instrumentationLibraryLogs", CommonSchema.scopeElement("logRecords", .messages(logRecord)))

  static let logRecord = MessageSchema(
    lengthWidth: 2,
    [
      FieldSchema("timeUnixNano", 1, .fixed64),
      FieldSchema("observedTimeUnixNano", 11, .fixed64),
      FieldSchema("severityNumber", 2, .enumeration(SeverityNumberNames.self)),
      FieldSchema("severityText", 3, .string),
      FieldSchema("body", 5, .anyValue),
      FieldSchema("attributes", 6, .keyValues),
      FieldSchema("droppedAttributesCount", 7, .uint32),
      FieldSchema("flags", 8, .fixed32),
      FieldSchema("traceId", 9, .identifier(bytes: 16)),
      FieldSchema("spanId", 10, .identifier(bytes: 8)),
      FieldSchema("eventName", 12, .string),
    ])
}

enum SeverityNumberNames: EnumNames {
  static var what: String { "severity number" }

  /// In the order of their values.
  private static let names =
    ["UNSPECIFIED"]
    + ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].flatMap { [$0, $0 + "2", $0 + "3", $0 + "4"] }

  static func value(of name: ByteView) -> Int32? {
    names.firstIndex { "SEVERITY_NUMBER_" + $0 == String(name) }.map { Int32($0) }
  }
}

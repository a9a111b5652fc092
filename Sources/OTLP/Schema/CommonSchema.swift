/// opentelemetry/proto/common/v1/common.proto and resource/v1/resource.proto.
enum CommonSchema {
  static let resource = MessageSchema(
    lengthWidth: 2,
    [
      FieldSchema("attributes", 1, .keyValues),
      FieldSchema("droppedAttributesCount", 2, .uint32),
      FieldSchema("entityRefs", 3, .messages(entityRef)),
    ])

  static let entityRef = MessageSchema([
    FieldSchema("schemaUrl", 1, .string),
    FieldSchema("type", 2, .string),
    FieldSchema("idKeys", 3, .strings),
    FieldSchema("descriptionKeys", 4, .strings),
  ])

  static let scope = MessageSchema([
    FieldSchema("name", 1, .string),
    FieldSchema("version", 2, .string),
    FieldSchema("attributes", 3, .keyValues),
    FieldSchema("droppedAttributesCount", 4, .uint32),
  ])

  /// ResourceSpans, ResourceMetrics or ResourceLogs, which differ in the name of their second field, today's and the one
  /// before OTLP 1.0.
  static func resourceElement(
    _ name: StaticString, before oldName: StaticString, _ scopeElement: MessageSchema
  ) -> MessageSchema {
    MessageSchema(
      lengthWidth: 3, isContainer: true,
      [
        FieldSchema("resource", 1, .message(resource)),
        FieldSchema(name, 2, .messages(scopeElement)),
        FieldSchema("schemaUrl", 3, .string),
        FieldSchema(oldName, 2, .messages(scopeElement), isOldName: true),
      ])
  }

  /// ScopeSpans, ScopeMetrics or ScopeLogs, which differ in their second field.
  static func scopeElement(_ name: StaticString, _ elements: FieldSchema.Kind) -> MessageSchema {
    MessageSchema(
      lengthWidth: 3, isContainer: true,
      [
        FieldSchema("scope", 1, .message(scope)),
        FieldSchema(name, 2, elements),
        FieldSchema("schemaUrl", 3, .string),
        FieldSchema("instrumentationLibrary", 1, .message(scope), isOldName: true),
      ])
  }
}

/// The outermost messages.
extension OTLPSignal {
  /// The name of the one field of TracesData, MetricsData or LogsData.
  var dataKey: StaticString {
    switch self {
    case .traces: "resourceSpans"
    case .metrics: "resourceMetrics"
    case .logs: "resourceLogs"
    }
  }

  /// What that field holds.
  var resourceElement: MessageSchema {
    switch self {
    case .traces: TraceSchema.resourceSpans
    case .metrics: MetricSchema.resourceMetrics
    case .logs: LogSchema.resourceLogs
    }
  }
}

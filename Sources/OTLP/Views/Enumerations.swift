/// SpanKind of `trace.proto`.
public enum SpanKind: Int32, CaseIterable, Sendable {
  case unspecified, `internal`, server, client, producer, consumer

  /// The protobuf name, such as `SPAN_KIND_SERVER`.
  public var protobufName: StaticString {
    switch self {
    case .unspecified: "SPAN_KIND_UNSPECIFIED"
    case .internal: "SPAN_KIND_INTERNAL"
    case .server: "SPAN_KIND_SERVER"
    case .client: "SPAN_KIND_CLIENT"
    case .producer: "SPAN_KIND_PRODUCER"
    case .consumer: "SPAN_KIND_CONSUMER"
    }
  }
}

/// Status.StatusCode of `trace.proto`.
public enum StatusCode: Int32, CaseIterable, Sendable {
  case unset, ok, error

  /// The protobuf name, such as `STATUS_CODE_ERROR`.
  public var protobufName: StaticString {
    switch self {
    case .unset: "STATUS_CODE_UNSET"
    case .ok: "STATUS_CODE_OK"
    case .error: "STATUS_CODE_ERROR"
    }
  }
}

/// What OTLP carries.
public enum OTLPSignal: String, Sendable, CaseIterable {
  case traces, metrics, logs

  /// Path of an OTLP/HTTP server.
  public var httpPath: String { "/v1/\(rawValue)" }

  /// Path of the unary gRPC method.
  public var grpcPath: String {
    switch self {
    case .traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    case .metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
    case .logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
    }
  }
}

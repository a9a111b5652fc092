import Compression

/// The kinds of telemetry that OTLP carries.
public enum Signal: Int, CaseIterable, Sendable, CustomStringConvertible {
  case traces, metrics, logs

  public var description: String {
    switch self {
    case .traces: "traces"
    case .metrics: "metrics"
    case .logs: "logs"
    }
  }

  /// The path of its OTLP/HTTP requests.
  var httpPath: String {
    switch self {
    case .traces: "/v1/traces"
    case .metrics: "/v1/metrics"
    case .logs: "/v1/logs"
    }
  }

  /// The path of its gRPC method.
  var grpcPath: String {
    switch self {
    case .traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    case .metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
    case .logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
    }
  }

  init?(httpPath: String) {
    guard let signal = Signal.allCases.first(where: { $0.httpPath == httpPath }) else { return nil }
    self = signal
  }

  init?(grpcPath: String) {
    guard let signal = Signal.allCases.first(where: { $0.grpcPath == grpcPath }) else { return nil }
    self = signal
  }

  /// What its requests hold, counted: `2 spans`.
  func items(_ count: Int) -> String {
    let noun =
      switch self {
      case .traces: "span"
      case .metrics: "metric"
      case .logs: "log record"
      }
    return "\(count) \(noun)\(count == 1 ? "" : "s")"
  }
}

/// The encodings of an OTLP message.
enum PayloadFormat: Sendable {
  case protobuf, json

  var contentType: StaticString {
    switch self {
    case .protobuf: "application/x-protobuf"
    case .json: "application/json"
    }
  }
}

extension ContentEncoding {
  /// Reads a `Content-Encoding` or `grpc-encoding` value; `nil` for one that the relay does not know.
  init?(header: String?) {
    switch header {
    case nil, "", "identity": self = .identity
    case "gzip", "x-gzip": self = .gzip
    case "zstd": self = .zstd
    default: return nil
    }
  }

  /// All of them, as `grpc-accept-encoding` lists them.
  static let accepted: StaticString = "identity,gzip,zstd"
}

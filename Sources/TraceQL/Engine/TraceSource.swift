import OTLP
public import TraceFormats

/// Where the traces are that a query is evaluated over.
public enum TraceSource: Sendable {
  /// Files and pipes.
  case input(TraceInput)
  /// The bytes of one request or TracesData in protobuf.
  case memory([UInt8])
}

import Compression

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

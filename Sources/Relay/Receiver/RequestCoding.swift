import Compression
import Platform

/// How a request's body may be encoded, by its name in `Content-Encoding` and `grpc-encoding`.
enum RequestCoding: Sendable {
  case identity, gzip, zstd, deflate

  /// Reads a header's value; `nil` for one that the relay does not know.
  init?(header: String?) {
    switch header {
    case nil, "", "identity": self = .identity
    case "gzip", "x-gzip": self = .gzip
    case "zstd": self = .zstd
    case "deflate", "zlib": self = .deflate
    default: return nil
    }
  }

  /// All of them, as `accept-encoding` and `grpc-accept-encoding` list them.
  static let accepted: StaticString = "identity,gzip,zstd,deflate"
}

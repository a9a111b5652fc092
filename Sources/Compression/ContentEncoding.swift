import Platform

/// How a body is compressed, by its name in HTTP and gRPC.
public enum ContentEncoding: String, CaseIterable, Sendable {
  case identity
  case gzip
  case zstd

  /// The encoding that data beginning with `bytes` has, by its magic number.
  public static func detect(_ bytes: ByteView) -> ContentEncoding {
    if bytes.hasPrefix([0x1f, 0x8b]) { return .gzip }
    if bytes.hasPrefix([0x28, 0xb5, 0x2f, 0xfd]) { return .zstd }
    return .identity
  }
}

import CArchive
import CCurl
import COpenSSL
import CSnappy

/// What is on this machine: the binary, and the libraries that are loaded at first use.
enum MachineChecks {
  static func findings() -> [DoctorFinding] {
    [
      .ok("program", Version.line),
      ccurl_load()
        ? .ok("library.curl", "libcurl \(String(cString: ccurl_version()))")
        : missing("library.curl", ccurl_load_error(), isNeeded: true),
      copenssl_load()
        ? .ok("library.openssl", "OpenSSL is there")
        : missing("library.openssl", copenssl_load_error(), isNeeded: false),
      csnappy_load()
        ? .ok("library.snappy", "libsnappy is there")
        : missing("library.snappy", csnappy_load_error(), isNeeded: false),
      archive,
    ]
  }

  /// libcurl is needed by everything that asks a server, the others by a part: the relay's TLS and gRPC over TLS, remote write.
  private static func missing(_ check: String, _ reason: UnsafePointer<CChar>?, isNeeded: Bool) -> DoctorFinding {
    let text = reason.map { String(cString: $0) } ?? "not there"
    let parts = text.split(separator: ": install ", maxSplits: 1)
    let remedy = parts.count > 1 ? "install \(parts[1])" : "install it"
    let message = parts.first.map(String.init) ?? text
    return isNeeded ? .problem(check, message, remedy) : .warning(check, message, remedy)
  }

  private static var archive: DoctorFinding {
    let absent = [(false, "libbz2"), (true, "liblzma")].filter { !carchive_available($0.0) }.map(\.1)
    guard !absent.isEmpty else { return .ok("library.archives", "bzip2 and xz can be read") }
    return .warning(
      "library.archives", "\(absent.joined(separator: " and ")) not there, so such files cannot be read",
      "install libbz2-1.0 and liblzma5 (Debian, Ubuntu), or bzip2-libs and xz-libs (Fedora)")
  }
}

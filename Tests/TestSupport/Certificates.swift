import Foundation

/// A small authority and certificates that it has signed, made with `openssl` once for a test run.
public final class Certificates: Sendable {
  public static let shared: Result<Certificates, any Error> = Result { try Certificates() }

  /// Whether there is an `openssl` to make them with.
  public static var areAvailable: Bool { Tools.has("openssl") }

  private let directory: TemporaryDirectory

  /// The authority's certificate.
  public var authority: String { path("ca.pem") }
  /// An authority that has signed none of the others.
  public var stranger: String { path("stranger.pem") }

  private init() throws {
    directory = try TemporaryDirectory()
    for name in ["ca", "stranger"] {
      try openssl(
        ["req", "-x509", "-days", "2", "-subj", "/CN=\(name)", "-out", path("\(name).pem")] + newKey(name))
    }
    try issue("server", names: "DNS:localhost,IP:127.0.0.1,IP:::1")
    try issue("client", names: "DNS:client")
    try issue("elsewhere", names: "DNS:elsewhere.example,DNS:*.wild.example,IP:192.0.2.1")
    try issue("expired", names: "DNS:localhost,IP:127.0.0.1", days: -1)
  }

  /// The certificate and key called `server`, `client`, `elsewhere` or `expired`.
  public func certificate(_ name: String) -> String { path("\(name).pem") }
  public func key(_ name: String) -> String { path("\(name).key") }

  /// A file beside the certificates.
  public func path(_ name: String) -> String { directory.path(name) }

  /// Makes a certificate and its key.
  public func issue(_ name: String, names: String, days: Int = 2) throws {
    try openssl(["req", "-subj", "/CN=\(name)", "-out", path("\(name).csr")] + newKey(name))
    let extensions = try directory.write("\(name).names", "subjectAltName=\(names)\n")
    try openssl(
      ["x509", "-req", "-in", path("\(name).csr"), "-CA", authority, "-CAkey", path("ca.key"), "-CAcreateserial"]
        + ["-days", "\(days)", "-extfile", extensions, "-out", path("\(name).pem")])
  }

  private func newKey(_ name: String) -> [String] {
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path("\(name).key")]
  }

  private func openssl(_ arguments: [String]) throws {
    guard let executable = Tools.path(of: "openssl") else { throw TestTimeout("there is no openssl") }
    let result = try Program.run(arguments, executable: executable)
    if result.status != 0 { throw TestTimeout("openssl \(arguments): \(result.errors)") }
  }
}

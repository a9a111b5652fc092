import Foundation
import TestSupport
import Testing

/// The files of deploy/ and what releases are made with, as far as the tests' own tools can tell.
@Suite struct DeployTests {
  private static func path(_ name: String) -> String {
    Fixtures.repository.appending(path: name).path(percentEncoded: false)
  }

  /// Those whose programs are here are checked; `make test-deploy` has them all.
  @Test func filesPassTheirPrograms() throws {
    let binaries = URL(filePath: Program.ongrid).deletingLastPathComponent().path(percentEncoded: false)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let result = try Program.run(
      [Self.path("deploy/test/check.sh")], executable: "bash", environment: ["PATH": "\(binaries):\(path)"])
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.output.contains("ok: the rules are what is compiled"), "\(result.output)")
    #expect(result.output.contains("ok: the relay's configuration"), "\(result.output)")
  }

  @Test func theTokenOfSystemdIsTheSameInBothPlaces() throws {
    let files = ["deploy/systemd/token.conf", "packaging/systemd/token.conf.example"]
    let texts = try files.map { try String(contentsOfFile: Self.path($0), encoding: .utf8) }
    #expect(texts[0] == texts[1])
  }

  /// The test's own binary takes its libraries from the system, which one to be released must not.
  @Test(.enabled(if: Tools.has("objdump") && Tools.has("readelf")))
  func aBinaryThatAsksForTooMuchIsRefused() throws {
    let check = Self.path("packaging/dist/check.sh")
    let result = try Program.run([check, Program.ongrid], executable: "bash")
    #expect(result.status == 1)
    #expect(result.errors.contains("needs libzstd.so.1"), "\(result.errors)")
    #expect(result.errors.contains("newer than glibc 2.28"), "\(result.errors)")
  }

  /// Places that name the release name the one that the binary says.
  @Test(arguments: [
    ("action.yml", "default: \"([0-9.]+)\""), ("packaging/homebrew/ongrid.rb", "tag: \"v([0-9.]+)\""),
    ("deploy/compose/compose.yaml", "image: ongrid:([0-9.]+)"),
    ("deploy/kubernetes/relay.yaml", "image: ongrid:([0-9.]+)"),
    ("deploy/kubernetes/gateway.yaml", "image: ongrid:([0-9.]+)"), ("README.md", "ongrid-([0-9.]+)-linux"),
    ("deploy/compose/incidents/Dockerfile", "ongrid:([0-9.]+)"),
  ])
  func versionsAgree(_ file: String, _ pattern: String) throws {
    let pattern = try Regex<(Substring, Substring)>(pattern)
    let version = try Program.run(["version"]).output.split(whereSeparator: \.isWhitespace)[1]
    let named = try String(contentsOfFile: Self.path(file), encoding: .utf8).matches(of: pattern).map(\.1)
    #expect(!named.isEmpty && named.allSatisfy { $0 == version }, "\(file): \(named)")
  }
}

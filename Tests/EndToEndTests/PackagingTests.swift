import Foundation
import TestSupport
import Testing

/// The units of systemd, installed as `make install-systemd` does.
@Suite struct PackagingTests {
  private let root: TemporaryDirectory
  private let units: String

  init() throws {
    root = try TemporaryDirectory()
    let make = try #require(Tools.path(of: "make"))
    let result = try Program.run(
      ["install-systemd", "DESTDIR=\(root.path(""))", "PREFIX=/opt/ongrid"], executable: make,
      directory: Fixtures.repository.path(percentEncoded: false))
    try #require(result.status == 0, "\(result.errors)")
    units = root.path("opt/ongrid/lib/systemd/system")
  }

  @Test func unitsNameTheInstalledProgram() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: units).sorted()
    #expect(
      names == [
        "ongrid-relay-admin.socket", "ongrid-relay-spool.service", "ongrid-relay-spool.timer", "ongrid-relay.service",
        "ongrid-relay.socket",
      ])
    for name in names where name.hasSuffix(".service") {
      let text = try String(contentsOfFile: "\(units)/\(name)", encoding: .utf8)
      #expect(text.contains("ExecStart=/opt/ongrid/bin/ongrid relay"))
    }
    #expect(FileManager.default.fileExists(atPath: root.path("opt/ongrid/share/doc/ongrid/relay.env.example")))
  }

  @Test(.enabled(if: Tools.path(of: "systemd-analyze") != nil))
  func systemdFindsNothingWrong() throws {
    let analyze = try #require(Tools.path(of: "systemd-analyze"))
    let names = try FileManager.default.contentsOfDirectory(atPath: units).sorted()
    // The program itself is not there, which would be all that is wrong.
    for name in names where name.hasSuffix(".service") {
      let path = "\(units)/\(name)"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try text.replacing("/opt/ongrid/bin/ongrid", with: "/bin/true").write(
        toFile: path, atomically: true, encoding: .utf8)
    }
    // With the token's drop-in, as its words say.
    let dropIn = "\(units)/ongrid-relay.service.d"
    try FileManager.default.createDirectory(atPath: dropIn, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: root.path("opt/ongrid/share/doc/ongrid/token.conf.example"), toPath: "\(dropIn)/token.conf")
    let verdict = try Program.run(["verify", "--man=no"] + names.map { "\(units)/\($0)" }, executable: analyze)
    #expect(verdict.status == 0)
    #expect(verdict.errors.isEmpty)
    for name in names where name.hasSuffix(".service") {
      // In tenths; 20 is what is left for a program that talks to the network.
      let security = try Program.run(
        ["security", "--offline=true", "--threshold=20", "\(units)/\(name)"], executable: analyze)
      #expect(security.status == 0, "\(security.output)")
    }
  }
}

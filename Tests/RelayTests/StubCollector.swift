import Foundation
import TestSupport

@testable import Relay

/// `Tests/Python/stub_collector.py` as a program, in a directory of its own. It is linked and not written: a program that
/// was just written cannot be run while another thread's new child still has it open.
struct StubCollector {
  let directory: TemporaryDirectory
  let path: String

  /// - Parameter ailments: see the script.
  init(_ ailments: [String: String] = [:]) throws {
    directory = try TemporaryDirectory()
    path = directory.path("otelcol")
    let script = Fixtures.repository.appending(path: "Tests/Python/stub_collector.py").path(percentEncoded: false)
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: script)
    try directory.write("ailments.json", JSONEncoder().encode(ailments))
  }

  /// One line of the journal.
  struct Run: Decodable {
    var pid: pid_t
    var arguments: [String]
    var secrets: [String: String]

    var configurationFile: String { String(arguments[0].dropFirst("--config=file:".count)) }
  }

  /// The runs so far.
  var runs: [Run] {
    get throws {
      guard let text = try? String(contentsOfFile: directory.path("journal"), encoding: .utf8) else { return [] }
      return try text.split(separator: "\n").map { try JSONDecoder().decode(Run.self, from: Data($0.utf8)) }
    }
  }

  /// `ongrid relay` with it, on ports that nobody listens on.
  func arguments(_ more: [String] = []) -> [String] {
    ["relay", "--engine", "otelcol", "--otelcol-path", path, "--to", "https://tempo.example/v1/traces"] + more
  }

  /// Settings that lose no time.
  var settings: CollectorSupervisor.Settings {
    var relay = RelayConfiguration()
    relay.destinations = [RelayConfiguration.DestinationSettings(url: "https://tempo.example/v1/traces")]
    var settings = CollectorSupervisor.Settings(
      program: path, relay: relay, configurationFile: directory.path("configuration"))
    settings.healthInterval = .milliseconds(50)
    settings.restartInitial = .milliseconds(10)
    settings.endTimeout = .milliseconds(200)
    return settings
  }
}

import Foundation
import TestSupport
import Testing

/// The examples of the README's section on `spanmetrics` that read a fixture print what stands below them.
@Suite struct SpanMetricsReadmeTests {
  @Test(.enabled(if: Tools.has("jq"))) func examplesPrintWhatTheReadmeShows() throws {
    let readme = try String(contentsOf: Fixtures.repository.appending(path: "README.md"), encoding: .utf8)
    let section = try #require(
      readme.components(separatedBy: "### spanmetrics").dropFirst().first?.components(separatedBy: "\n### ").first)
    let blocks = section.components(separatedBy: "\n\n").filter { $0.hasPrefix("    ") }
      .map { $0.split(separator: "\n").map { $0.dropFirst(4) }.joined(separator: "\n") }
    let binaries = URL(filePath: Program.ongrid).deletingLastPathComponent().path(percentEncoded: false)
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    var checked = 0
    for (command, shown) in zip(blocks, blocks.dropFirst()) where command.contains("Tests/Fixtures/") {
      let result = try Program.run(
        ["-c", command], executable: "/bin/sh", environment: ["PATH": "\(binaries):\(path)"],
        directory: Fixtures.repository.path(percentEncoded: false))
      #expect(result.output + result.errors == shown + "\n")
      checked += 1
    }
    #expect(checked == 3)
  }
}

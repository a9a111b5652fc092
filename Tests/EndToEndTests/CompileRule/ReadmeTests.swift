import Foundation
import TestSupport
import Testing

/// The examples of the README's section on `compile-rule` print what stands below them.
@Suite struct CompileRuleReadmeTests {
  @Test func examplesPrintWhatTheReadmeShows() throws {
    let readme = try String(contentsOf: Fixtures.repository.appending(path: "README.md"), encoding: .utf8)
    let section = try #require(
      readme.components(separatedBy: "### compile-rule").dropFirst().first?.components(separatedBy: "\n### ").first)
    var blocks: [[Substring]] = [[]]
    for line in section.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("    ") {
        blocks[blocks.count - 1].append(line.dropFirst(4))
      } else if blocks.last?.isEmpty == false {
        blocks.append([])
      }
    }
    let binaries = URL(filePath: Program.ongrid).deletingLastPathComponent().path(percentEncoded: false)
    var checked = 0
    for (command, shown) in zip(blocks, blocks.dropFirst()) where command.first?.hasPrefix("echo ") == true {
      let result = try Program.run(
        ["-c", command.joined(separator: "\n")], executable: "/bin/sh",
        environment: ["PATH": "\(binaries):/usr/bin:/bin"])
      #expect(result.output + result.errors == shown.joined(separator: "\n") + "\n")
      checked += 1
    }
    #expect(checked == 2)
  }
}

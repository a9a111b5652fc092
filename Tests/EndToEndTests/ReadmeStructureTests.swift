import Foundation
import TestSupport
import Testing

/// What the README and the pages of docs/ and deploy/ tell people to type exists, and both READMEs tell the same.
@Suite struct ReadmeStructureTests {
  private static func text(_ path: String) throws -> String {
    try String(contentsOf: Fixtures.repository.appending(path: path), encoding: .utf8)
  }

  /// Indented blocks, without the comments behind commands.
  private static func blocks(_ text: String) -> [String] {
    var blocks: [[String]] = [[]]
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("    ") {
        let code = String(line.dropFirst(4))
        blocks[blocks.count - 1].append(String(code.split(separator: #/ +# /#, maxSplits: 1).first ?? ""))
      } else if !line.isEmpty, blocks.last?.isEmpty == false {
        blocks.append([])
      }
    }
    return blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }
  }

  @Test func theChineseReadmeTellsTheSame() throws {
    let (english, chinese) = try (Self.text("README.md"), Self.text("README.zh-CN.md"))
    func levels(_ text: String) -> [Int] {
      text.split(separator: "\n").filter { $0.hasPrefix("#") }.map { $0.prefix { $0 == "#" }.count }
    }
    #expect(levels(english) == levels(chinese), "headings differ")
    let (first, second) = (Self.blocks(english), Self.blocks(chinese))
    for block in first where !second.contains(block) { Issue.record("README.zh-CN.md lacks:\n\(block)") }
    for block in second where !first.contains(block) { Issue.record("README.md lacks:\n\(block)") }
    #expect(first == second || Set(first) != Set(second), "blocks stand in another order")
    func rows(_ text: String) -> Int { text.split(separator: "\n").count { $0.hasPrefix("|") } }
    #expect(rows(english) == rows(chinese), "rows of tables differ")
    func targets(_ text: String) -> [String] {
      text.matches(of: #/\]\(([^)]+)\)/#).map { String($0.1) }.filter { !$0.hasPrefix("README") }
    }
    #expect(targets(english) == targets(chinese), "links differ")
  }

  private static let pages = [
    "README.md", "docs/relay.md", "docs/spanmetrics.md", "docs/rules.md", "docs/incident.md", "docs/capacity.md",
    "docs/troubleshooting.md", "docs/formats.md", "docs/comparison.md", "docs/traceql.md", "docs/benchmarks.md",
    "deploy/README.md",
    "deploy/systemd/README.md", "deploy/kubernetes/README.md", "packaging/container/README.md", "CHANGELOG.md",
  ]

  @Test(arguments: pages)
  func commandsAndOptionsExist(_ page: String) throws {
    for block in try Self.blocks(Self.text(page)) {
      // Each command of a pipe by itself; a line that ends in a backslash goes on.
      let commands = block.replacing("\\\n", with: " ").split(whereSeparator: { "|\n;&".contains($0) })
      for command in commands {
        let words = command.split(separator: " ").map(String.init)
        guard let at = words.firstIndex(of: "ongrid"), words.count > at + 1, at == 0 || words[at - 1] != "install"
        else {
          continue
        }
        let name = words[at + 1]
        if name.hasPrefix("-") || !name.allSatisfy({ $0.isLetter || $0 == "-" }) { continue }
        let subject = name == "relay" && words.count > at + 2 && words[at + 2] == "queue" ? "relay-queue" : name
        let help = try Program.run([subject, "-h"])
        #expect(help.status == 0, "\(page): \(command)")
        for word in words[at...].map({ $0.prefix { $0 != "=" } }) where word.hasPrefix("--") && word.count > 2 {
          let option = word.hasPrefix("--no-") ? "--" + word.dropFirst(5) : String(word)
          #expect(
            help.output.contains("\(option) ") || help.output.contains("\(option)\n") || option == "--version",
            "\(page): \(command): \(option)")
        }
      }
    }
  }

  @Test(arguments: pages + ["README.zh-CN.md"])
  func linksLeadSomewhere(_ page: String) throws {
    let directory = Fixtures.repository.appending(path: page).deletingLastPathComponent()
    for match in try Self.text(page).matches(of: #/\]\(([^)#]+)[^)]*\)/#) where !match.1.contains("://") {
      let target = directory.appending(path: String(match.1)).standardizedFileURL.path(percentEncoded: false)
      #expect(FileManager.default.fileExists(atPath: target), "\(page): \(match.1)")
    }
  }

  @Test func changelogNamesTheVersion() throws {
    let version = try Program.run(["--version"]).output.split(whereSeparator: \.isWhitespace)[1]
    #expect(try Self.text("CHANGELOG.md").contains("\n## \(version)"))
  }
}

import Foundation
import TestSupport
import Testing

/// Committed documentation is what the binary prints, and what it prints is well formed.
@Suite struct DocumentationTests {
  @Test(arguments: [("bash", "ongrid.bash"), ("zsh", "_ongrid"), ("fish", "ongrid.fish")])
  func completionsAreCurrent(_ shell: String, _ file: String) throws {
    try expectCurrent("completions/\(file)", Program.run(["completions", shell]).output)
  }

  @Test func manualPagesAreCurrent() throws {
    try expectCurrent("man/ongrid.1", Program.run(["man"]).output)
    for command in try commands() {
      try expectCurrent("man/ongrid-\(command).1", Program.run(["man", command]).output)
    }
    let directory = Fixtures.repository.appending(path: "man").path(percentEncoded: false)
    let files = try FileManager.default.contentsOfDirectory(atPath: directory)
    #expect(try files.count == commands().count + 1, "man/ holds pages of commands that are gone: run 'make docs'")
  }

  @Test func manualPagesFormatWithoutWarnings() throws {
    guard (try? Program.run(["--version"], executable: "groff").status) == 0 else { return }
    for command in try [[]] + commands().map({ [$0] }) {
      let page = try Program.run(["man"] + command)
      let result = try Program.run(
        ["-man", "-Tutf8", "-ww", "-k", "-z"], input: page.stdout, executable: "groff")
      #expect(result.errors == "", "man \(command.joined())")
    }
  }

  @Test func everyOptionIsOnTheManualPageAndInHelp() throws {
    for command in try commands() {
      let long = try Program.run([command, "--help"]).output
      let short = try Program.run([command, "-h"]).output
      let page = try Program.run(["man", command]).output.replacing("\\-", with: "-")
      let options = long.matches(of: #/^ +(?:-., |)(--[a-z-]+)/#.anchorsMatchLineEndings()).map { String($0.1) }
      #expect(options.count >= 4, "\(command)")
      for option in options {
        #expect(short.contains(option), "\(command) \(option)")
        #expect(page.contains("\\fB\(option)\\fR"), "\(command) \(option)")
      }
    }
  }

  @Test func helpFitsAHundredColumns() throws {
    for command in try commands() {
      for line in try Program.run([command, "--help"]).output.split(separator: "\n")
      where line.count > 100 && !line.contains("ongrid ") {
        Issue.record("\(command): \(line)")
      }
    }
  }

  private func commands() throws -> [String] {
    let overview = try Program.run(["-h"]).output
    let list = overview.split(separator: "Commands:\n")[1].split(separator: "\n\n")[0]
    return list.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
  }

  private func expectCurrent(_ file: String, _ printed: String) throws {
    let url = Fixtures.repository.appending(path: file)
    let committed = try? String(contentsOf: url, encoding: .utf8)
    #expect(committed == printed, "\(file) is out of date: run 'make docs' and commit it")
  }
}

import Foundation
import TestSupport
import Testing

/// What every user meets first: dispatch, help, errors and the ends of the standard streams.
@Suite struct EdgeTests {
  @Test(arguments: [
    ([], "ongrid: a command is needed; see 'ongrid --help'"),
    (["rely"], "ongrid: unknown command 'rely'; did you mean 'relay'?"),
    (["zzzzzz"], "ongrid: unknown command 'zzzzzz'; see 'ongrid --help'"),
    (["--hlep"], "ongrid: unknown option '--hlep'; did you mean '--help'?"),
    (["relay", "--too", "x"], "ongrid relay: unknown option '--too'; did you mean '--to'?"),
    (["help", "relai"], "ongrid help: unknown command 'relai'; did you mean 'relay'?"),
    (["man", "a", "b"], "ongrid man: unexpected argument 'b'; see 'ongrid man --help'"),
    (["completions", "csh"], "ongrid completions: unknown shell 'csh': must be bash, zsh or fish"),
    (["evil\u{1B}[31m\nname"], "ongrid: unknown command 'evil\\x1b[31m\\nname'; see 'ongrid --help'"),
  ])
  func usageErrorsAreOneLineAndExit2(_ arguments: [String], _ line: String) throws {
    let result = try Program.run(arguments)
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
    #expect(result.errorLines == [line])
  }

  @Test(arguments: [
    ["--help"], ["-h"], ["--version"], ["help"], ["help", "relay"], ["relay", "-h"], ["man", "--help"],
  ])
  func helpGoesToStandardOutput(_ arguments: [String]) throws {
    let result = try Program.run(arguments)
    #expect(result.status == 0)
    #expect(!result.output.isEmpty)
    #expect(result.errors.isEmpty)
  }

  @Test func brokenPipeEndsQuietlyLikeAFilter() throws {
    let result = try Program.run(["help"], stdout: .readerGone)
    #expect(result.signal == SIGPIPE)
    #expect(result.errors.isEmpty)
  }

  @Test func fullDiskIsAnError() throws {
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    let result = try Program.run(["help"], stdout: .file("/dev/full"))
    #expect(result.status == 2)
    #expect(result.errorLines == ["ongrid help: cannot write to standard output: no space left on device"])
  }

  @Test func closedStandardOutputIsAnError() throws {
    let result = try Program.run(["help"], stdout: .closed)
    #expect(result.status == 2)
    #expect(result.errorLines == ["ongrid help: cannot write to standard output: bad file descriptor"])
  }

  @Test func programsOnPathExtendTheCommand() throws {
    let directory = try TemporaryDirectory()
    try directory.writeProgram("ongrid-hello", "#!/bin/sh\necho \"hello $# $1 $2\"\nexit 7\n")
    let path = directory.path("") + ":/usr/bin:/bin"
    let result = try Program.run(["hello", "--x", "a b"], environment: ["PATH": path])
    #expect(result.status == 7)
    #expect(result.output == "hello 2 --x a b\n")
    let help = try Program.run(["help", "hello"], environment: ["PATH": path])
    #expect(help.output == "hello 1 --help \n")
  }

  @Test func filesOnPathThatCannotRunAreNotCommands() throws {
    let directory = try TemporaryDirectory()
    try directory.write("ongrid-hello", "#!/bin/sh\n")
    let result = try Program.run(["hello"], environment: ["PATH": directory.path("")])
    #expect(result.status == 2)
  }
}

import Foundation
import TestSupport
import Testing

/// The completion scripts at work in the shells they are for.
@Suite struct CompletionTests {
  @Test(arguments: [
    (["ongrid", "corr"], ["correlate"]),
    (["ongrid", "relay", "--compr"], ["--compression"]),
    (["ongrid", "relay", "--compression", "z"], ["zstd"]),
    (["ongrid", "relay", "--compression", "="], ["none", "gzip", "zstd"]),
    (["ongrid", "relay", "--compression", "=", "n"], ["none"]),
    (["ongrid", "relay", "--no-on"], ["--no-once"]),
    (["ongrid", "relay", "--to", ""], []),
    (["ongrid", "relay", "--queue-dir", ""], ["a dir"]),
    (["ongrid", "spanmetrics", ""], ["a dir", "trace file.json"]),
    (["ongrid", "help", "tr"], ["traceql"]),
    (["ongrid", "completions", ""], ["bash", "zsh", "fish"]),
  ])
  func bash(_ words: [String], _ expected: [String]) throws {
    let quoted = words.map { "'\($0)'" }.joined(separator: " ")
    let result = try Program.run(
      [
        "-c",
        """
        source <("\(Program.ongrid)" completions bash) || exit 9
        COMP_WORDS=(\(quoted)); COMP_CWORD=\(words.count - 1)
        _ongrid; printf '%s\\n' "${COMPREPLY[@]}"
        """,
      ], executable: "bash", directory: Self.directory().path(""))
    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(result.output.split(separator: "\n").map(String.init).sorted() == expected.sorted())
  }

  @Test(arguments: [
    ("ongrid corr", ["correlate"]), ("ongrid relay --compr", ["--compression"]),
    ("ongrid relay --compression z", ["zstd"]), ("ongrid relay --compression=z", ["--compression=zstd"]),
    ("ongrid relay --queue-dir ", ["a dir/"]), ("ongrid spanmetrics tr", ["trace file.json"]),
    ("ongrid help tr", ["traceql"]), ("ongrid completions ", ["bash", "fish", "zsh"]), ("ongrid relay --to ", []),
  ])
  func fish(_ line: String, _ expected: [String]) throws {
    guard Self.has("fish") else { return }
    let directory = try Self.directory()
    let result = try Program.run(
      ["--no-config", "-c", "'\(Program.ongrid)' completions fish | source; complete -C '\(line)'"],
      executable: "fish", environment: ["HOME": TemporaryDirectory().path("")], directory: directory.path(""))
    #expect(result.status == 0)
    let found = result.output.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
    #expect(found == expected, "\(result.errors)")
  }

  @Test(arguments: [
    ("ongrid corr", "ongrid correlate "), ("ongrid relay --compr", "ongrid relay --compression="),
    ("ongrid relay --compression=z", "ongrid relay --compression=zstd "),
    ("ongrid relay --compression z", "ongrid relay --compression zstd "),
    ("ongrid spanmetrics -f op", "ongrid spanmetrics -f openmetrics "),
    ("ongrid relay --queue-dir ", "ongrid relay --queue-dir a\\ dir/"),
    ("ongrid spanmetrics tr", "ongrid spanmetrics trace\\ file.json "),
    ("ongrid relay -q --to-m", "ongrid relay -q --to-metrics="), ("ongrid help tr", "ongrid help traceql "),
    ("ongrid man compi", "ongrid man compile-rule "),
  ])
  func zsh(_ line: String, _ expected: String) throws {
    guard Self.has("zsh") else { return }
    let directory = try Self.directory()
    let functions = try TemporaryDirectory()
    try functions.write("_ongrid", Program.run(["completions", "zsh"]).stdout)
    // A shell in a pseudo-terminal: the line is typed, completed with Tab, and handed back by a key of its own.
    try functions.write(
      "setup",
      """
      PROMPT=
      fpath=('\(functions.path(""))' $fpath)
      autoload -Uz compinit && compinit -u -D
      hand-back() { print -r -- "$BUFFER" > '\(functions.path("line"))'; exit }
      zle -N hand-back
      bindkey '^T' hand-back
      print READY
      """)
    try functions.write(
      "type.zsh",
      """
      zmodload zsh/zpty
      zpty shell zsh -f -i
      zpty -w shell "source '\(functions.path("setup"))'"
      zpty -r shell output '*READY*'
      zpty -w -n shell '\(line)'$'\\t'$'\\x14'
      while zpty -t shell; do zpty -r shell output || break; done
      """)
    let result = try Program.run(
      ["-f", functions.path("type.zsh")], executable: "zsh", environment: ["TERM": "xterm"],
      directory: directory.path(""))
    let completed = try? String(contentsOfFile: functions.path("line"), encoding: .utf8)
    #expect(completed == expected + "\n", "\(result.errors)")
  }

  private static func has(_ shell: String) -> Bool {
    (try? Program.run(["-c", "true"], executable: shell).status) == 0
  }

  /// A directory to complete in.
  private static func directory() throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path("a dir"), withIntermediateDirectories: true)
    try directory.write("trace file.json", "{}")
    return directory
  }
}

import TestSupport
import Testing

/// A file that cannot be read is the same mistake everywhere.
@Suite struct UnreadableFileTests {
  private static let shop = Fixtures.path("otlp/shop.jsonl")
  private static let server = ["--tempo", "http://127.0.0.1:1", "--all"]

  static let calls = [
    ["spanmetrics", "/nowhere"], ["spanmetrics", "--skip-bad", shop, "/nowhere"], ["traceql", "{ }", "/nowhere"],
    ["traceql", "--info", "/nowhere"], ["relay", "--once", "--to", "-", shop, "/nowhere"],
    ["compile-rule", "/nowhere"],
    ["correlate", "--service", "a", "--from", "/nowhere"], ["correlate", "/nowhere", "--from", shop],
    ["relay", "--config", "/nowhere"], ["relay", "--to", "http://x", "--bearer-token-file", "/nowhere"],
    ["traceql", "{ }"] + server + ["--bearer-token-file", "/nowhere"],
    ["traceql", "{ }"] + server + ["--basic-auth-file", "/nowhere"],
    ["traceql", "{ }"] + server + ["--tls-ca", "/nowhere"],
    ["relay", "queue", "/nowhere"], ["compile-rule", "--generator", "/nowhere.json"],
    ["spanmetrics", "--follow", "--state", "/nowhere/x", shop],
  ]

  @Test("one line that names the command and the file, and exit status 2", arguments: calls)
  func refused(_ arguments: [String]) throws {
    let result = try Program.run(arguments)
    #expect(result.status == 2, "\(result.errors)")
    #expect(result.stdout.isEmpty)
    #expect(result.errors.contains("/nowhere"), "\(result.errors)")
    let name = arguments[1] == "queue" ? "relay queue" : arguments[0]
    let first = result.errors.hasPrefix("/nowhere: ") ? "" : "ongrid \(name): "
    #expect(result.errors.hasPrefix(first), "\(result.errors)")
  }

  @Test("a command that waits at a terminal says what for", .enabled(if: Tools.hasPython))
  func terminal() throws {
    let script = """
      import os, pty, sys
      pid, terminal = pty.fork()
      if pid == 0:
          os.execv(sys.argv[1], sys.argv[1:])
      text = b""
      while b"from the terminal" not in text:
          text += os.read(terminal, 4096)
      os.write(terminal, b"\\x04")
      try:
          while data := os.read(terminal, 4096):
              text += data
      except OSError:
          pass
      os.waitpid(pid, 0)
      print(text.decode())
      """
    for (arguments, what) in [
      (["spanmetrics"], "traces"), (["traceql", "{ }", "-"], "traces"),
      (["relay", "--once", "--to", "-"], "telemetry"),
      (["compile-rule"], "rules"), (["correlate", "--from", Self.shop], "an incident"),
      (["traceql", "--trace-id", "-", Self.shop], "trace ids"),
    ] {
      let result = try Program.run(
        ["-c", script, Program.ongrid] + arguments, executable: Tools.python, timeout: 30)
      #expect(result.output.contains("ongrid \(arguments[0]): reading \(what) from the terminal"), "\(result.output)")
    }
  }
}

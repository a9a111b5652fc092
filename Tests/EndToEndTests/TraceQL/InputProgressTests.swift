import Foundation
import TestSupport
import Testing

/// How far the reading of a long input is, on a terminal and nowhere else.
@Suite struct InputProgressTests {
  /// Feeds lines into a pipe until the terminal on standard error shows something, and prints that and what is left of the
  /// line at the end.
  private static let script = """
    import os, pty, select, subprocess, sys, time
    master, slave = pty.openpty()
    line = bytes.fromhex(sys.argv[1])
    program = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    shown, deadline = b"", time.monotonic() + 30
    while b"kB" not in shown and b"KiB" not in shown and time.monotonic() < deadline:
        program.stdin.write(line * 20)
        program.stdin.flush()
        if select.select([master], [], [], 0.02)[0]:
            shown += os.read(master, 4096)
    program.stdin.close()
    program.wait()
    while select.select([master], [], [], 0)[0]:
        try:
            more = os.read(master, 4096)
        except OSError:
            break
        if not more:
            break
        shown += more
    print(program.returncode, repr(shown))
    """

  @Test(
    .enabled(if: Tools.hasPython),
    arguments: [["traceql", "{ status = error }"], ["traceql", "--info"], ["spanmetrics"]])
  func isShownOnATerminal(_ arguments: [String]) throws {
    let line = FollowTests.line(trace: 1, span: 1, name: String(repeating: "n", count: 2_000))
    let hex = line.map { String(format: "%02x", $0) }.joined()
    let result = try Tools.runPython(Self.script, [hex, Program.ongrid] + arguments)
    #expect(result.output.hasPrefix("0 "), "\(result.output)\(result.errors)")
    // The line is cleared before anything else is printed.
    #expect(result.output.contains("B\\x1b[K") && result.output.contains("\\r\\x1b[K"), "\(result.output.suffix(300))")
  }
}

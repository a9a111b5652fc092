import Foundation
import Libc
import Platform

/// How a program ended and what it wrote.
public struct ProgramResult: Sendable {
  /// The exit status; 128 and the signal's number when a signal ended it, as shells count.
  public var status: Int32
  /// The signal that ended it.
  public var signal: Int32?
  public var stdout: [UInt8]
  public var stderr: [UInt8]

  /// Standard output as text.
  public var output: String { String(decoding: stdout, as: UTF8.self) }
  /// Standard error as text.
  public var errors: String { String(decoding: stderr, as: UTF8.self) }
  /// Standard error line by line.
  public var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
}

/// A program under test, running. Its output is collected by threads of its own, so it never blocks on a full pipe.
/// One that a test leaves running is killed at the end of the test run.
public final class Program: Sendable {
  /// Where one of the three standard streams leads.
  public enum Stream: Sendable {
    /// To this object: input is fed, output collected.
    case pipe
    /// To a file or device, opened for reading or writing.
    case file(String)
    /// Nowhere: the descriptor is closed when the program starts.
    case closed
    /// A pipe whose other end is already closed.
    case readerGone
  }

  /// The built `ongrid`, beside the test bundle; `ONGRID_BINARY` names another one.
  public static let ongrid: String = {
    if let path = ProcessInfo.processInfo.environment["ONGRID_BINARY"] { return path }
    var candidates = CommandLine.arguments
    candidates.append((try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "")
    candidates += Bundle.allBundles.map(\.bundlePath)
    for candidate in candidates {
      var directory = URL(filePath: candidate)
      for _ in 0..<4 {
        directory.deleteLastPathComponent()
        let path = directory.appending(path: "ongrid").path(percentEncoded: false)
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue,
          FileManager.default.isExecutableFile(atPath: path)
        {
          return path
        }
      }
    }
    return Fixtures.repository.appending(path: ".build/debug/ongrid").path(percentEncoded: false)
  }()

  /// The process.
  public let id: pid_t
  private let name: String
  private let input: Monitor<Int32?>
  private let state: Collected

  /// Starts a program. The environment is this process's without `ONGRID_…`, `OTEL_…` and proxy variables, changed by
  /// `environment`.
  public init(
    _ arguments: [String], executable: String = Program.ongrid, environment: [String: String] = [:],
    directory: String? = nil, stdin: Stream = .pipe, stdout: Stream = .pipe, stderr: Stream = .pipe
  ) throws {
    var command = [executable] + arguments
    if let directory { command = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", directory] + command }
    let (spawn, child) = try Spawn.lock.withLock { _ in
      var spawn = try Spawn(stdin: stdin, stdout: stdout, stderr: stderr)
      let child = try spawn.start(command, Program.environment(changedBy: environment))
      return (spawn, child)
    }
    id = child
    name = ([URL(filePath: executable).lastPathComponent] + arguments).joined(separator: " ")
    input = Monitor(spawn.input)
    let state = Collected()
    self.state = state
    let output = spawn.output
    let errors = spawn.errors
    var readers: [Foundation.Thread] = []
    if let output { readers.append(Foundation.Thread { state.collect(output, into: \.stdout) }) }
    if let errors { readers.append(Foundation.Thread { state.collect(errors, into: \.stderr) }) }
    state.expectReaders(readers.count)
    readers.append(Foundation.Thread { state.waitForExit(of: child) })
    for reader in readers { reader.start() }
    AtExit.perform {
      if !state.hasExited { kill(child, SIGKILL) }
    }
  }

  /// Runs a program to its end, feeding `input`; kills it and throws when it takes longer than `timeout` seconds.
  @discardableResult
  public static func run(
    _ arguments: [String], input: some Sequence<UInt8> & Sendable = [UInt8](), executable: String = Program.ongrid,
    environment: [String: String] = [:], directory: String? = nil, stdin: Stream = .pipe, stdout: Stream = .pipe,
    timeout: Double = 60
  ) throws -> ProgramResult {
    let program = try Program(
      arguments, executable: executable, environment: environment, directory: directory, stdin: stdin, stdout: stdout)
    let bytes = Array(input)
    Foundation.Thread {
      program.write(bytes)
      program.closeInput()
    }.start()
    return try program.wait(timeout: timeout)
  }

  /// Runs a program to its end, feeding a text.
  @discardableResult
  public static func run(
    _ arguments: [String], input: String, executable: String = Program.ongrid, environment: [String: String] = [:],
    directory: String? = nil, timeout: Double = 60
  ) throws -> ProgramResult {
    try run(
      arguments, input: Array(input.utf8), executable: executable, environment: environment, directory: directory,
      timeout: timeout)
  }

  /// Feeds standard input; blocks while the pipe is full. A program that has stopped reading is not an error here.
  public func write(_ bytes: [UInt8]) {
    guard let descriptor = input.withLock({ $0 }) else { return }
    signal(SIGPIPE, SIG_IGN)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { buffer in
        #if canImport(Glibc)
          Glibc.write(descriptor, buffer.baseAddress, buffer.count)
        #else
          Darwin.write(descriptor, buffer.baseAddress, buffer.count)
        #endif
      }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        return
      }
    }
  }

  /// Ends standard input.
  public func closeInput() {
    input.withLock { descriptor in
      if let open = descriptor { close(open) }
      descriptor = nil
    }
  }

  /// Sends a signal; nothing happens when the program has ended.
  public func send(_ signal: Int32) {
    if !state.hasExited { kill(id, signal) }
  }

  /// Whether it still runs.
  public var isRunning: Bool { !state.hasExited }

  /// What it has written to standard output so far.
  public var outputSoFar: String { String(decoding: state.snapshot.stdout, as: UTF8.self) }

  /// What it has written to standard error so far.
  public var errorsSoFar: String { String(decoding: state.snapshot.stderr, as: UTF8.self) }

  /// Waits until a line of standard output or standard error contains `text` and returns that line; throws when the
  /// program ends or the time passes without it.
  @discardableResult
  public func waitForLine(containing text: String, timeout: Double = 30) throws -> String {
    let line = state.wait(timeout: timeout) { contents in
      for bytes in [contents.stderr, contents.stdout] {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        if let line = lines.dropLast().first(where: { $0.contains(text) }) { return String(line) }
      }
      return nil
    }
    guard let line else {
      throw TestTimeout("'\(name)' did not print '\(text)'; it printed: \(outputSoFar)\(errorsSoFar)")
    }
    return line
  }

  /// Waits for the end and for the last byte of output; kills the program and throws when that takes too long.
  @discardableResult
  public func wait(timeout: Double = 60) throws -> ProgramResult {
    let result = state.wait(timeout: timeout) { $0.result }
    guard let result else {
      kill(id, SIGKILL)
      throw TestTimeout("'\(name)' still ran after \(timeout) s; it printed: \(outputSoFar)\(errorsSoFar)")
    }
    return result
  }

  private static func environment(changedBy changes: [String: String]) -> [String: String] {
    let kept = ProcessInfo.processInfo.environment.filter { name, _ in
      !name.hasPrefix("ONGRID_") && !name.hasPrefix("OTEL_") && !name.lowercased().hasSuffix("_proxy")
        && name != "NO_COLOR"
    }
    return kept.merging(changes) { _, change in change }
  }
}

import Foundation

/// Programs that tests use when they are installed. `make test` installs them and sets `ONGRID_TEST_TOOLS=required`, so
/// that nothing is skipped there.
public enum Tools {
  public static let areRequired = ProcessInfo.processInfo.environment["ONGRID_TEST_TOOLS"] == "required"

  /// Whether tests that need a program on PATH should run.
  public static func has(_ program: String) -> Bool {
    areRequired || path(of: program) != nil
  }

  /// Whether tests that need the packages of `Tests/requirements.txt` should run.
  public static var hasPython: Bool {
    areRequired || FileManager.default.isExecutableFile(atPath: python)
  }

  /// The interpreter of `.venv`.
  public static let python = Fixtures.repository.appending(path: ".venv/bin/python").path(percentEncoded: false)

  /// Runs a Python script with the packages of `Tests/requirements.txt`.
  @discardableResult
  public static func runPython(
    _ script: String, _ arguments: [String] = [], input: String = "", environment: [String: String] = [:],
    timeout: Double = 120
  ) throws -> ProgramResult {
    try Program.run(
      ["-c", script] + arguments, input: input, executable: python, environment: environment, timeout: timeout)
  }

  /// Where a program is on PATH.
  public static func path(of program: String) -> String? {
    for directory in (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") {
      let path = "\(directory)/\(program)"
      if FileManager.default.isExecutableFile(atPath: path) { return path }
    }
    return nil
  }
}

extension Tools {
  /// Puts JSON, one document or one a line, to `schemas/NAME.schema.json`: status 0 where it is as the schema says.
  public static func validate(_ document: [UInt8], schema: String, lines: Bool = false) throws -> ProgramResult {
    let script = Fixtures.repository.appending(path: "Tests/Python/validate_schema.py").path(percentEncoded: false)
    let file = Fixtures.repository.appending(path: "schemas/\(schema).schema.json").path(percentEncoded: false)
    return try Program.run([script, file] + (lines ? ["--lines"] : []), input: document, executable: python)
  }
}

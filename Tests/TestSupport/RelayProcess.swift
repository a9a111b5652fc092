import Foundation

/// A running `ongrid relay` on ports of the system's choice.
public final class RelayProcess: Sendable {
  public let program: Program
  /// `127.0.0.1:PORT` of the receivers.
  public let grpc: String
  public let http: String
  public let admin: String

  /// Starts a relay and waits until it receives.
  public init(_ arguments: [String], environment: [String: String] = [:]) throws {
    program = try Program(
      [
        "relay", "--listen-grpc", "127.0.0.1:0", "--listen-http", "127.0.0.1:0", "--listen-admin", "127.0.0.1:0",
      ] + arguments, environment: environment)
    let line = try program.waitForLine(containing: "receiving on")
    let addresses = line.matches(of: #/127\.0\.0\.1:[0-9]+/#).map { String($0.0) }
    guard addresses.count == 3 else { throw TestTimeout("no three addresses in '\(line)'") }
    (grpc, http, admin) = (addresses[0], addresses[1], addresses[2])
  }

  /// Asks it to stop, as a service manager would, and waits until it has delivered what it accepted.
  @discardableResult
  public func stop() throws -> ProgramResult {
    program.send(SIGTERM)
    return try program.wait(timeout: 60)
  }
}

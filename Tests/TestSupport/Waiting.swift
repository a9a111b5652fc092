import Foundation

/// What a test waited for did not come.
public struct TestTimeout: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}

/// Asks again and again, a hundredth of a second apart, until `condition` gives a value; throws after `timeout` seconds.
/// For states that cannot be waited on directly, such as another process's listening socket.
@discardableResult
public func waitUntil<Value>(
  _ what: String, timeout: Double = 30, _ condition: () throws -> Value?
) throws -> Value {
  let deadline = Date(timeIntervalSinceNow: timeout)
  while true {
    if let value = try condition() { return value }
    if Date() > deadline { throw TestTimeout("timed out after \(timeout) s waiting for \(what)") }
    poll(nil, 0, 10)
  }
}

/// `waitUntil` for a plain condition.
public func waitUntil(_ what: String, timeout: Double = 30, true condition: () throws -> Bool) throws {
  try waitUntil(what, timeout: timeout) { try condition() ? true : nil }
}

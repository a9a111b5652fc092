import Platform

/// Something that a test turns on while others look at it.
final class Switch: Sendable {
  private let state = Monitor(false)
  var isOn: Bool { state.withLock { $0 } }
  func turnOn() { state.withLock { $0 = true } }
}

import Foundation
import Platform

/// Work for the end of the test run. Directories, servers and programs of a test live until then or until the test ends
/// them itself: tied to a variable's lifetime they would go right after its last mention, which is usually too early.
enum AtExit {
  private static let actions = Monitor<[@Sendable () -> Void]>([])
  private static let installed: Void = {
    atexit {
      for action in AtExit.actions.withLock({ $0 }) { action() }
    }
  }()

  /// Runs `action` when the process ends.
  static func perform(_ action: @escaping @Sendable () -> Void) {
    _ = installed
    actions.withLock { $0.append(action) }
  }
}

import Synchronization

/// A number that threads add to.
final class Counter: Sendable {
  private let atomic = Atomic<Int>(0)

  func add(_ n: Int) { atomic.add(n, ordering: .relaxed) }

  /// For what goes down as well, such as bytes that wait.
  func subtract(_ n: Int) { atomic.subtract(n, ordering: .relaxed) }

  var value: Int { atomic.load(ordering: .relaxed) }
}

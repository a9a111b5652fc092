import Synchronization

/// A number that threads add to.
public final class Counter: Sendable {
  private let atomic = Atomic<Int>(0)

  public init() {}

  public func add(_ n: Int) { atomic.add(n, ordering: .relaxed) }

  /// For what goes down as well, such as bytes that wait.
  public func subtract(_ n: Int) { atomic.subtract(n, ordering: .relaxed) }

  public var value: Int { atomic.load(ordering: .relaxed) }
}

import Platform
import Synchronization

/// Runs work on threads and collects its results.
enum Parallel {
  /// The results of `body(0)` … `body(count - 1)` in order, each from its own thread.
  static func map<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> Value) -> [Value] {
    guard count > 0 else { return [] }
    let results = Results<Value>(count)
    inParallel(count) { index in results.set(body(index), at: index) }
    return results.values
  }

  /// The same with at most `width` threads.
  static func map<Value: Sendable>(
    _ count: Int, width: Int, _ body: @escaping @Sendable (Int) -> Value
  ) -> [Value] {
    map(count, width: width, worker: {}, { (_, index) in body(index) })
  }

  /// The same where each thread has something of its own, which `worker` makes there.
  static func map<Value: Sendable, Worker>(
    _ count: Int, width: Int, worker: @escaping @Sendable () -> Worker,
    _ body: @escaping @Sendable (inout Worker, Int) -> Value
  ) -> [Value] {
    guard count > 0 else { return [] }
    let results = Results<Value>(count)
    let next = Counter()
    inParallel(min(count, max(1, width))) { _ in
      var own = worker()
      while true {
        let index = next.take()
        guard index < count else { return }
        results.set(body(&own, index), at: index)
      }
    }
    return results.values
  }
}

/// Hands out numbers to several threads.
private final class Counter: Sendable {
  private let value = Atomic(0)

  func take() -> Int { value.add(1, ordering: .relaxed).oldValue }
}

private final class Results<Value: Sendable>: Sendable {
  private let slots: Monitor<[Value?]>

  init(_ count: Int) { slots = Monitor(Array(repeating: nil, count: count)) }

  func set(_ value: Value, at index: Int) { slots.withLock { $0[index] = value } }

  var values: [Value] { slots.withLock { $0.compactMap { $0 } } }
}

/// How many bytes several threads may still take together.
final class Room: Sendable {
  private let left: Atomic<Int>

  init(_ bytes: Int) { left = Atomic(bytes) }

  var isLeft: Bool { left.load(ordering: .relaxed) > 0 }

  func take(_ bytes: Int) { left.subtract(bytes, ordering: .relaxed) }
}

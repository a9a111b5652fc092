import Platform
import TestSupport
import Testing

@testable import Relay

@Suite struct DestinationQueueTests {
  /// A closure that is itself the state of a lock gets two wrappers more with every look at it, for ever.
  @Test("telling that there is room costs the same after many batches as after few")
  func room() throws {
    let queue = DestinationQueue(PipelineSettings())
    let calls = Monitor(0)
    queue.whenUncrowded { calls.withLock { $0 += 1 } }
    func time(_ count: Int) -> Duration {
      ContinuousClock().measure { for _ in 0..<count { queue.finish([]) } }
    }
    let few = (0..<5).map { _ in time(500) }.min() ?? .zero
    _ = time(20_000)
    let many = (0..<5).map { _ in time(500) }.min() ?? .zero
    #expect(calls.withLock { $0 } == 25_000)
    #expect(many < few * 10, "\(few), then \(many)")
  }
}

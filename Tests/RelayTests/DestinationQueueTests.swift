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
    func call(_ count: Int) { for _ in 0..<count { queue.finish(Delivery([])) } }
    let few = ProcessorTime.least(of: 5) { call(500) }
    call(20_000)
    let many = ProcessorTime.least(of: 5) { call(500) }
    #expect(calls.withLock { $0 } == 25_000)
    #expect(many < few * 10, "\(few) ns, then \(many) ns")
  }
}

import Platform

/// What the durable queue looks at from time to time.
extension DurableQueue {
  /// Looks at what others may have changed, and gives room back.
  func look() {
    if deadLetters.refresh() { countDeadLetters() }
    guard checkDirectory() else { return }
    followOrders()
    sendAgain()
    shrink()
  }

  func countDeadLetters() {
    for destination in destinations {
      destination.queue.keep(deadLetters.bytes(of: destination.identity) - destination.queue.keptBytes)
    }
  }

  func sendAgain() {
    let now = monotonicNanoseconds()
    let due = waitingAgain.withLock { waiting in
      let due = waiting.filter { $0.due <= now }
      waiting.removeAll { $0.due <= now }
      return due
    }
    for (entry, destination, _) in due { destination.queue.enqueue([entry]) }
  }

  /// Less than this is not worth the writing.
  private static let leastFree = 4 << 20

  func shrink() {
    let isIdle = isDrained
    let failure: SQLiteDatabase.Failure? = lock.withLock { _ in
      guard let store else { return nil }
      do throws(SQLiteDatabase.Failure) {
        let (size, free) = try store.room()
        counters.fileBytes.add(size - counters.fileBytes.value)
        guard free > DurableQueue.leastFree, free > size / 4, store.layout != .requests else { return nil }
        try store.shrink(pages: 512)
        return nil
      } catch {
        return error
      }
    }
    if let failure { log.warn("the queue's file cannot be made smaller: \(failure)", kind: "shrink") }
    // A file of an earlier version shrinks by being left.
    let isFormer = lock.withLock { _ in store?.layout == .requests && (try? store?.isEmpty()) == true }
    if isIdle, isFormer, work.withLock(\.isEmpty) { _ = begin(anew: "the queue cannot be begun anew") }
  }
}

import Platform

/// Follows the parts of one file to all their destinations.
final class DeliveryTracker: DeliveryObserver {
  private struct State {
    var outstanding = 0
    var failedItems = 0
    var isClosed = false
    var readFailed = false
  }

  private let monitor = Monitor(State())

  /// A part has been queued for one destination.
  func add() { monitor.withLock { $0.outstanding += 1 } }

  var takesRefusals: Bool { false }

  func refuse(items: Int, reason: String, mayHelp: Bool) {}

  /// A destination is done with a part.
  func finish(items: Int, isDelivered: Bool) {
    monitor.withLock { state in
      state.outstanding -= 1
      if !isDelivered { state.failedItems += items }
    }
  }

  /// No more parts will come; `complete`: the file was read to its end.
  func close(complete: Bool) {
    monitor.withLock { state in
      state.isClosed = true
      state.readFailed = !complete
    }
  }

  enum Outcome { case underWay, delivered, failed }

  var outcome: Outcome {
    monitor.withLock { state in
      if !state.isClosed || state.outstanding > 0 { return .underWay }
      return state.failedItems > 0 || state.readFailed ? .failed : .delivered
    }
  }
}

import CCurl
import Platform

/// Ends exchanges from another thread, at once and for good.
public final class HTTPCancellation: Sendable {
  private let state = Monitor(State())

  private struct State {
    var isCancelled = false
    /// Addresses of the multi handles that wait in curl under this cancellation.
    var waiting: [UInt] = []
  }

  public init() {}

  public var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Every exchange that runs with this cancellation, now or later, ends with `HTTPError.cancelled`.
  public func cancel() {
    state.withLock { state in
      state.isCancelled = true
      for address in state.waiting {
        // A handle is in the list only while its client is inside `send`, so it is alive here, and waking is the one
        // thing curl allows from another thread.
        if let multi = UnsafeMutableRawPointer(bitPattern: address) { _ = ccurl_multi_wakeup(multi) }
      }
    }
  }

  func enter(_ multi: UnsafeMutableRawPointer) {
    state.withLock { $0.waiting.append(UInt(bitPattern: multi)) }
  }

  func leave(_ multi: UnsafeMutableRawPointer) {
    state.withLock { state in
      if let index = state.waiting.firstIndex(of: UInt(bitPattern: multi)) { state.waiting.remove(at: index) }
    }
  }
}

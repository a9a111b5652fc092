import Platform

/// Hears what becomes of the requests of an entry.
protocol DeliveryObserver: Sendable {
  /// Whether a refusal is its own affair: then nothing is put aside.
  var takesRefusals: Bool { get }
  /// Items that the destination refused; `mayHelp`: sending them again later may.
  func refuse(items: Int, reason: String, mayHelp: Bool)
  /// A destination is done with an entry; `isDelivered`: all of it has arrived.
  func finish(items: Int, isDelivered: Bool)
}

/// Answers a client when all destinations have answered: what they refused is refused to the client.
final class DeliveryWaiter: DeliveryObserver {
  private struct State {
    /// Entries that destinations are not done with.
    var open: Int
    var refusedItems = 0
    var reason = ""
    var mayHelp = false
    /// Whether something was neither taken nor refused, since the relay stops.
    var isLeft = false
  }

  private let ticket: Ticket
  private let items: Int
  private let state: Monitor<State>

  /// - Parameters:
  ///   - items: of the request.
  ///   - entries: how many times `finish` will be called.
  init(_ ticket: Ticket, items: Int, entries: Int) {
    self.ticket = ticket
    self.items = items
    state = Monitor(State(open: entries))
  }

  var takesRefusals: Bool { true }

  func refuse(items: Int, reason: String, mayHelp: Bool) {
    state.withLock { state in
      state.refusedItems += items
      state.reason = reason
      state.mayHelp = state.mayHelp || mayHelp
    }
  }

  func finish(items: Int, isDelivered: Bool) {
    let reply: Reply? = state.withLock { state in
      state.open -= 1
      if !isDelivered, state.refusedItems == 0 { state.isLeft = true }
      return state.open == 0 ? answer(state) : nil
    }
    if let reply { ticket.complete(reply) }
  }

  private func answer(_ state: State) -> Reply {
    if state.isLeft { return .refused(Refusal(.stopping, "the relay stops", retryAfter: 1)) }
    if state.refusedItems == 0 { return .accepted() }
    let reason = "the destination refused: \(state.reason)"
    if state.mayHelp { return .refused(Refusal(.overloaded, reason, retryAfter: 5)) }
    // Of several destinations each may have refused the same items.
    if state.refusedItems >= items { return .refused(Refusal(.malformed, reason)) }
    return .accepted(rejected: state.refusedItems, warning: reason)
  }
}

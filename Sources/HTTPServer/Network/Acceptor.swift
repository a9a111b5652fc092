import Platform

/// Takes the new connections of all listeners and spreads them over the event loops.
///
/// Belongs to the thread of the loop that it is part of.
final class Acceptor {
  private struct Place {
    let listener: Listener
    let service: HTTPService
    /// The service's place in the list that all loops have.
    let index: Int
  }

  private let poller: Poller
  private let loops: [Mailbox]
  private var places: [UInt64: Place] = [:]
  private var next = 0
  private var resumesAt = Int64.max

  /// - Parameters:
  ///   - poller: that of the loop, which reports the listeners by the tokens from 1 on.
  ///   - loops: where connections go, in turn; the first is the acceptor's own.
  init(_ services: [HTTPService], _ poller: Poller, _ loops: [Mailbox]) {
    self.poller = poller
    self.loops = loops
    var token: UInt64 = 1
    for (index, service) in services.enumerated() {
      for listener in service.listeners {
        places[token] = Place(listener: listener, service: service, index: index)
        _ = poller.add(listener.socket.descriptor.rawValue, token: token, .reading)
        token += 1
      }
    }
  }

  /// Takes what waits at the listener with this token.
  func accept(_ token: UInt64, now: Int64) {
    guard let place = places[token] else { return }
    for _ in 0..<64 {
      switch place.listener.socket.accept() {
      case .none: return
      case .exhausted:
        // Waiting for a descriptor to come free: the socket stays readable and would spin.
        place.service.isOutOfDescriptors()
        resumesAt = now + 500 * Nanoseconds.perMillisecond
        setListening(false)
        return
      case .connection(let descriptor):
        let isOver = !place.service.admitConnection()
        let newcomer = Mailbox.Newcomer(
          descriptor: descriptor, listener: place.listener, service: place.index, isOver: isOver,
          unasked: isOver ? (loops[(next + 1)...] + loops[..<next])[...] : [], oldest: nil)
        loops[next].post(.adopt(newcomer), wakes: next != 0)
        next = (next + 1) % loops.count
      }
    }
  }

  /// Listens again after a pause, when its time has come.
  func resume(_ now: Int64) {
    guard now >= resumesAt else { return }
    resumesAt = .max
    setListening(true)
  }

  /// Takes no more.
  func stop() {
    for place in places.values { poller.remove(place.listener.socket.descriptor.rawValue) }
    places = [:]
  }

  private func setListening(_ on: Bool) {
    for (token, place) in places {
      poller.change(place.listener.socket.descriptor.rawValue, token: token, Interest(read: on, write: false))
    }
  }
}

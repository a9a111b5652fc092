import CEvents
import Libc
import Platform

/// What is wanted to be told of a descriptor.
struct Interest: Equatable {
  var read: Bool
  var write: Bool

  static let reading = Interest(read: true, write: false)
}

/// Tells which descriptors can be read or written: epoll on Linux, `poll` elsewhere.
///
/// Level-triggered: what is not read to its end is reported again.
final class Poller {
  /// What a descriptor can do now.
  struct Event {
    let token: UInt64
    let readable: Bool
    let writable: Bool
  }

  #if os(Linux)
    private let epoll: FileDescriptor
    private var ready = [epoll_event](repeating: epoll_event(), count: 128)

    init() throws(ListenError) {
      let raw = ongrid_epoll_create()
      guard raw >= 0 else { throw .system(SystemError("create an event queue")) }
      epoll = FileDescriptor(raw)
    }

    private func mask(_ interest: Interest) -> UInt32 {
      (interest.read ? EPOLLIN.rawValue : 0) | (interest.write ? EPOLLOUT.rawValue : 0)
    }

    func add(_ descriptor: Int32, token: UInt64, _ interest: Interest) -> Bool {
      ongrid_epoll_control(epoll.rawValue, EPOLL_CTL_ADD, descriptor, mask(interest), token) == 0
    }

    func change(_ descriptor: Int32, token: UInt64, _ interest: Interest) {
      _ = ongrid_epoll_control(epoll.rawValue, EPOLL_CTL_MOD, descriptor, mask(interest), token)
    }

    func remove(_ descriptor: Int32) {
      _ = ongrid_epoll_control(epoll.rawValue, EPOLL_CTL_DEL, descriptor, 0, 0)
    }

    /// Waits up to `milliseconds` and replaces the content of `events` with what happened.
    func wait(milliseconds: Int32, into events: inout [Event]) {
      events.removeAll(keepingCapacity: true)
      let count = ready.withUnsafeMutableBufferPointer { buffer in
        epoll_wait(epoll.rawValue, buffer.baseAddress, Int32(buffer.count), milliseconds)
      }
      for index in 0..<max(Int(count), 0) {
        var event = ready[index]
        let flags = ongrid_epoll_events(&event)
        let broken = flags & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
        events.append(
          Event(
            token: ongrid_epoll_token(&event), readable: broken || flags & EPOLLIN.rawValue != 0,
            writable: broken || flags & EPOLLOUT.rawValue != 0))
      }
    }
  #else
    private var entries: [pollfd] = []
    private var tokens: [UInt64] = []

    init() throws(ListenError) {}

    private func mask(_ interest: Interest) -> Int16 {
      Int16((interest.read ? POLLIN : 0) | (interest.write ? POLLOUT : 0))
    }

    func add(_ descriptor: Int32, token: UInt64, _ interest: Interest) -> Bool {
      entries.append(pollfd(fd: descriptor, events: mask(interest), revents: 0))
      tokens.append(token)
      return true
    }

    func change(_ descriptor: Int32, token: UInt64, _ interest: Interest) {
      guard let index = entries.firstIndex(where: { $0.fd == descriptor }) else { return }
      entries[index].events = mask(interest)
    }

    func remove(_ descriptor: Int32) {
      guard let index = entries.firstIndex(where: { $0.fd == descriptor }) else { return }
      entries.remove(at: index)
      tokens.remove(at: index)
    }

    /// Waits up to `milliseconds` and replaces the content of `events` with what happened.
    func wait(milliseconds: Int32, into events: inout [Event]) {
      events.removeAll(keepingCapacity: true)
      guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { return }
      for (entry, token) in zip(entries, tokens) where entry.revents != 0 {
        let flags = Int32(entry.revents)
        let broken = flags & (POLLERR | POLLHUP | POLLNVAL) != 0
        events.append(
          Event(token: token, readable: broken || flags & POLLIN != 0, writable: broken || flags & POLLOUT != 0))
      }
    }
  #endif
}

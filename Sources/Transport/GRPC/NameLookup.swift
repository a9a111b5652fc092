import Libc
import Platform

/// An address to connect to, as the system describes it.
struct SocketAddress: Sendable {
  let family: Int32
  let type: Int32
  let number: Int32
  /// A `sockaddr` of that family.
  let bytes: [UInt8]

  /// `connect` of a socket to this address.
  func connect(_ descriptor: Int32) -> Int32 {
    bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return -1 }
      #if canImport(Glibc)
        return Glibc.connect(descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
      #else
        return Darwin.connect(descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
      #endif
    }
  }
}

/// Looks up the addresses of hosts within a deadline, which the system's own function does not know.
///
/// A look-up runs on a thread of its own. One that is late goes on alone, and whoever asks for the same name meanwhile
/// waits for that one, so that a name server which does not answer holds one thread for each name.
final class NameLookup: Sendable {
  static let system = NameLookup(resolve: NameLookup.ask)

  enum Answer: Sendable {
    case addresses([SocketAddress])
    case failure(String)
  }

  private final class Pending: Sendable {
    let answer = Monitor<Answer?>(nil)
  }

  private let resolve: @Sendable (_ host: String, _ port: Int) -> Answer
  private let pending = Monitor<[String: Pending]>([:])

  init(resolve: @escaping @Sendable (_ host: String, _ port: Int) -> Answer) { self.resolve = resolve }

  /// The addresses of `host`, in the order in which they are to be tried; never empty.
  func addresses(of host: String, port: Int, origin: String, _ deadline: Deadline) throws(HTTPError) -> [SocketAddress]
  {
    let answer: Answer
    if IPAddress(host) != nil {
      answer = resolve(host, port)
    } else {
      let lookup = try begin(host, port, origin)
      let arrived = lookup.answer.wait { (state: inout Answer?) -> Monitor<Answer?>.Step<Answer?> in
        if let state { return .done(state) }
        if deadline.hasPassed { return .done(nil) }
        return .wait(until: monotonicDeadline(after: .milliseconds(Int64(deadline.slice))))
      }
      guard let arrived else {
        try deadline.check(origin)
        throw .unreachable(origin: origin, reason: "the name server does not answer")
      }
      answer = arrived
    }
    switch answer {
    case .addresses(let list) where !list.isEmpty: return list
    case .addresses: throw .unreachable(origin: origin, reason: "no address")
    case .failure(let reason): throw .unreachable(origin: origin, reason: reason)
    }
  }

  /// The look-up that is under way for this name, or a new one.
  private func begin(_ host: String, _ port: Int, _ origin: String) throws(HTTPError) -> Pending {
    let key = "\(host) \(port)"
    let (lookup, isNew) = pending.withLock { pending in
      if let running = pending[key] { return (running, false) }
      let lookup = Pending()
      pending[key] = lookup
      return (lookup, true)
    }
    guard isNew else { return lookup }
    do throws(SystemError) {
      _ = try Thread { [self] in
        let answer = resolve(host, port)
        pending.withLock { $0[key] = nil }
        lookup.answer.withLock { $0 = answer }
        lookup.answer.broadcast()
      }
    } catch {
      pending.withLock { $0[key] = nil }
      throw .unreachable(origin: origin, reason: error.description)
    }
    return lookup
  }

  /// Asks the system.
  private static func ask(_ host: String, _ port: Int) -> Answer {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    #if canImport(Glibc)
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
      hints.ai_socktype = SOCK_STREAM
    #endif
    var list: UnsafeMutablePointer<addrinfo>?
    let outcome = getaddrinfo(host, String(port), &hints, &list)
    guard outcome == 0 else {
      return .failure(outcome == EAI_AGAIN ? "the name server does not answer" : "unknown host")
    }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var next = list
    while let entry = next?.pointee {
      if let address = entry.ai_addr {
        addresses.append(
          SocketAddress(
            family: entry.ai_family, type: entry.ai_socktype, number: entry.ai_protocol,
            bytes: Array(UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen)))))
      }
      next = entry.ai_next
    }
    return .addresses(addresses)
  }
}

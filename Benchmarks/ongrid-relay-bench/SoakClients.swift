import Libc
import Platform
import Synchronization

/// Clients of a relay under soak: of each transport with gzip and without, and one that only makes trouble.
final class SoakClients: Sendable {
  struct Totals {
    var taken = 0
    /// Answered with an error that asks to come back.
    var refused = 0
    var bad = 0
    var connections = 0
  }

  private let grpcPort: Int
  private let httpPort: Int
  private let plain: Template
  private let gzip: Template
  private let started = Atomic<Int>(0)
  private let running = Atomic<Int>(0)
  private let counts = Monitor<Totals>(Totals())
  private let problems = Monitor<[String]>([])

  /// Requests that a connection lives for.
  private static let connectionLife = 500
  /// One bad request for so many good ones.
  private static let badShare = 100
  private static let clientsOfAKind = 2

  init(grpcPort: Int, httpPort: Int, plain: Template, gzip: Template) {
    self.grpcPort = grpcPort
    self.httpPort = httpPort
    self.plain = plain
    self.gzip = gzip
  }

  var totals: Totals { counts.withLock { $0 } }

  /// What went otherwise than it should, the first few.
  var complaints: [String] { problems.withLock { $0 } }

  private func complain(_ text: String) {
    problems.withLock { if $0.count < 10 { $0.append(text) } }
  }

  /// Sends `requests`, at most `rate` a second unless that is 0; meanwhile calls `watch` with how many have begun.
  func load(
    requests: Int, rate: Int, withBad: Bool = true, _ watch: (_ started: Int) throws(BenchError) -> Void
  ) throws(BenchError) {
    started.store(0, ordering: .relaxed)
    let start = monotonicNanoseconds()
    /// Whether one more request is to be sent; waits until it is due.
    let next: @Sendable () -> Bool = {
      let index = self.started.add(1, ordering: .relaxed).oldValue
      guard index < requests else { return false }
      if rate > 0 {
        let wait = start + Int64(index) * 1_000_000_000 / Int64(rate) - monotonicNanoseconds()
        if wait > 0 { usleep(UInt32(wait / 1000)) }
      }
      return true
    }
    var threads: [ThreadHandle] = []
    func begin(_ body: @escaping @Sendable () throws(BenchError) -> Void) throws(BenchError) {
      running.add(1, ordering: .relaxed)
      do throws(SystemError) {
        threads.append(
          try ThreadHandle {
            do throws(BenchError) { try body() } catch { self.complain(error.description) }
            self.running.subtract(1, ordering: .relaxed)
          })
      } catch { throw BenchError(error.description) }
    }
    for _ in 0..<Self.clientsOfAKind {
      for encoding in ["identity", "gzip"] {
        try begin { () throws(BenchError) in try self.send(encoding, overGRPC: true, next) }
        try begin { () throws(BenchError) in try self.send(encoding, overGRPC: false, next) }
      }
    }
    if withBad { try begin { () throws(BenchError) in try self.misbehave(upTo: requests) } }
    while running.load(ordering: .relaxed) > 0 {
      try watch(min(started.load(ordering: .relaxed), requests))
      usleep(20_000)
    }
    for thread in threads { thread.join() }
  }

  /// One connection after the other until no request is left.
  private func send(_ encoding: String, overGRPC: Bool, _ next: () -> Bool) throws(BenchError) {
    let template = encoding == "gzip" ? gzip : plain
    var isOver = false
    while !isOver {
      var own = Totals()
      own.connections = 1
      var left = Self.connectionLife
      let again = {
        if left == 0 { return false }
        left -= 1
        isOver = !next()
        return !isOver
      }
      let done = { (_: Int64, isTaken: Bool) in
        if isTaken {
          own.taken += 1
        } else {
          own.refused += 1
          usleep(2000)
        }
      }
      let wire = try Wire(port: overGRPC ? grpcPort : httpPort, authorities: "")
      if overGRPC {
        try GRPCClient(wire, template: template, encoding: encoding, done: done).run(streams: 8, next: again)
      } else {
        try HTTP1Client.run(wire, template: template, encoding: encoding, next: again, done: done)
      }
      let finished = own
      counts.withLock {
        $0.taken += finished.taken
        $0.refused += finished.refused
        $0.connections += finished.connections
      }
    }
  }

  private func misbehave(upTo requests: Int) throws(BenchError) {
    var client = BadClient(httpPort: httpPort, grpcPort: grpcPort)
    defer { client.leave() }
    var sent = 0
    while started.load(ordering: .relaxed) < requests {
      guard sent < started.load(ordering: .relaxed) / Self.badShare else {
        usleep(1000)
        continue
      }
      if let surprise = try client.send(sent % BadClient.kinds) {
        complain("bad request \(sent % BadClient.kinds): \(surprise)")
      }
      sent += 1
      counts.withLock {
        $0.bad += 1
        $0.connections += 1
      }
    }
  }
}

import Libc
import Platform
import Synchronization

/// Sends requests to a relay and measures.
struct Load {
  private let options: BenchOptions

  init(_ options: BenchOptions) { self.options = options }

  /// What the connections have in common.
  private final class Shared: Sendable {
    let started = Atomic<Int>(0)
    let refused = Atomic<Int>(0)
    let latencies = Monitor<[Int64]>([])
    let failure = Monitor<String?>(nil)
  }

  func run() throws {
    let target = options.text("to").split(separator: ":").last.flatMap { Int($0) }
    guard let port = target else { throw BenchError("--to HOST:PORT is needed") }
    let encoding = options.text("encoding", default: "identity")
    let isGRPC = options.text("protocol", default: "grpc") == "grpc"
    let requests = try options.number("requests", default: 10_000)
    let connections = try options.number("connections", default: 4)
    let streams = try options.number("streams", default: 4)
    let rate = try options.number("rate", default: 0)
    let pid = try options.number("pid", default: 0)
    let sink = try options.number("sink", default: 0)
    let template = try Template(spans: options.number("spans", default: 475), encoding: encoding)
    let authorities = options.text("tls-ca")
    let shared = Shared()
    let before = ProcessUsage(pid: pid)
    let counted = sink > 0 ? try Sink.count(port: sink) : 0
    let start = monotonicNanoseconds()
    inParallel(connections) { _ in
      var own: [Int64] = []
      let next = {
        let index = shared.started.add(1, ordering: .relaxed).oldValue
        guard index < requests else { return false }
        if rate > 0 {
          let due = start + Int64(index) * 1_000_000_000 / Int64(rate)
          let wait = due - monotonicNanoseconds()
          if wait > 0 { usleep(UInt32(wait / 1000)) }
        }
        return true
      }
      do throws(BenchError) {
        let wire = try Wire(port: port, authorities: authorities)
        if isGRPC {
          var latencies: [Int64] = []
          let client = GRPCClient(wire, template: template, encoding: encoding) { latency, isTaken in
            latencies.append(latency)
            if !isTaken { shared.refused.add(1, ordering: .relaxed) }
          }
          try client.run(streams: streams, next: next)
          own = latencies
        } else {
          try HTTP1Client.run(wire, template: template, encoding: encoding, next: next) { latency, isTaken in
            own.append(latency)
            if !isTaken { shared.refused.add(1, ordering: .relaxed) }
          }
        }
      } catch {
        shared.failure.withLock { $0 = error.description }
      }
      let finished = own
      shared.latencies.withLock { $0 += finished }
    }
    let sendingEnded = monotonicNanoseconds()
    if let failure = shared.failure.withLock({ $0 }) { throw BenchError(failure) }
    let refused = shared.refused.load(ordering: .relaxed)
    let sent = (requests - refused) * template.spans
    var delivered = 0
    if sink > 0 {
      let deadline = monotonicNanoseconds() + 20_000_000_000
      repeat {
        delivered = try Sink.count(port: sink) - counted
        if delivered < sent { usleep(20_000) }
      } while delivered < sent && monotonicNanoseconds() < deadline
    }
    let after = ProcessUsage(pid: pid)
    let seconds = Double(sendingEnded - start) / 1e9
    let latencies = shared.latencies.withLock { $0.sorted() }
    func percentile(_ p: Double) -> String {
      guard !latencies.isEmpty else { return "-" }
      let index = min(Int(Double(latencies.count) * p), latencies.count - 1)
      return fixed(Double(latencies[index]) / 1e6, 2)
    }
    var line = "\(Int(Double(sent) / seconds)) spans/s"
    if let before, let after {
      let cpu = (after.seconds - before.seconds) * 1e6
      line += "  \(fixed(cpu / Double(max(requests, 1)), 2)) us/request"
      line += "  \(fixed(cpu / Double(max(sent, 1)), 3)) us/span  \(fixed(Double(after.peakKilobytes) / 1024, 1)) MB"
    }
    line += "  p50 \(percentile(0.5)) ms  p99 \(percentile(0.99)) ms  sent \(sent)  delivered \(delivered)"
    if refused > 0 { line += "  refused requests \(refused)" }
    print(line)
    if delivered != sent, sink > 0 { exit(1) }
  }

  private func fixed(_ value: Double, _ digits: Int) -> String {
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((value * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}

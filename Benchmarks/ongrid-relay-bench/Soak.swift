import Libc
import Platform
import Synchronization

/// Loads a relay for long, over gRPC and HTTP, with gzip and without, on connections that come and go and beside bad
/// clients, and tells whether it holds more and more.
struct Soak {
  private let sink: Int
  private let requests: Int
  private let rate: Int
  private let spans: Int
  private let clients: SoakClients
  private var samples: SoakSamples

  init(_ options: BenchOptions) throws {
    sink = try options.number("sink", default: 0)
    requests = try options.number("requests", default: 3_600_000)
    rate = try options.number("rate", default: 0)
    spans = try options.number("spans", default: 5)
    clients = SoakClients(
      grpcPort: try options.number("grpc", default: 0), httpPort: try options.number("http", default: 0),
      plain: try Template(spans: spans, encoding: "identity"), gzip: try Template(spans: spans, encoding: "gzip"))
    samples = SoakSamples(pid: try options.number("pid", default: 0), queueDirectory: options.text("queue-dir"))
  }

  mutating func run() throws(BenchError) {
    // After this the relay has the buffers that it keeps, SQLite's pages among them.
    try clients.load(requests: max(requests / 10, 10_000), rate: 0) { (_) throws(BenchError) in }
    let before = try idle()
    let counted = clients.totals
    let start = monotonicNanoseconds()
    var next = 0
    var gathered = samples
    try clients.load(requests: requests, rate: rate) { (started) throws(BenchError) in
      guard started * 400 >= next * requests else { return }
      next = started * 400 / requests + 1
      try gathered.add()
    }
    samples = gathered
    let seconds = Double(monotonicNanoseconds() - start) / 1e9
    let sent = clients.totals
    let after = try idle()
    try report(before, after, seconds: seconds, counted: counted, sent: sent)
  }

  /// What the relay holds without clients. Its own connections to the destination come and go, since that hangs up at
  /// times: they are all there in the largest of several samples.
  private func idle() throws(BenchError) -> SoakSamples.Sample {
    try settle()
    // Refused clients linger for two seconds.
    usleep(4_000_000)
    var largest = try samples.look()
    for _ in 0..<8 {
      try clients.load(requests: 200, rate: 0, withBad: false) { (_) throws(BenchError) in }
      try settle()
      usleep(100_000)
      let sample = try samples.look()
      if sample.descriptors > largest.descriptors { largest = sample }
    }
    return largest
  }

  /// Waits until everything that was taken has arrived.
  private func settle() throws(BenchError) {
    let deadline = monotonicNanoseconds() + 60_000_000_000
    while try Sink.count(port: sink) < clients.totals.taken * spans, monotonicNanoseconds() < deadline {
      usleep(20_000)
    }
  }

  private func report(
    _ before: SoakSamples.Sample, _ after: SoakSamples.Sample, seconds: Double, counted: SoakClients.Totals,
    sent: SoakClients.Totals
  ) throws(BenchError) {
    var (figures, complaints) = samples.report(before: before, after: after)
    complaints += clients.complaints
    let taken = clients.totals.taken * spans
    let delivered = try Sink.count(port: sink)
    if delivered != taken { complaints.append("\(taken) spans were taken and \(delivered) arrived") }
    print(
      """
      \(sent.taken - counted.taken) requests taken, \(sent.refused - counted.refused) refused for the time being, \
      \(sent.bad - counted.bad) bad ones, over \(sent.connections - counted.connections) connections in \(Int(seconds)) s
      spans taken \(taken), delivered \(delivered)
      \(figures)
      """)
    print(complaints.isEmpty ? "flat: memory and descriptors stay as they are" : complaints.joined(separator: "\n"))
    if !complaints.isEmpty { exit(1) }
  }
}

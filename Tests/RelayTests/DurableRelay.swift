import Compression
import Foundation
import OTLP
import Platform
import TestSupport
import Transport

@testable import Relay

/// A relay with a queue directory, in a process of its own that can be killed.
final class DurableRelay {
  let process: RelayProcess

  init(to sink: String, _ directory: String, _ more: [String] = []) throws {
    process = try RelayProcess(
      ["--to", sink, "--queue-dir", directory, "--batch-timeout", "20ms", "--retry-initial", "10ms", "--retry-max"]
        + ["50ms", "--timeout", "1s"] + more)
  }

  func kill() throws {
    process.program.send(SIGKILL)
    try process.program.wait()
  }

  enum Way: CaseIterable { case http, httpGzip, grpc, grpcGzip }

  /// A client as applications have them.
  func client(_ way: Way) throws -> Client {
    let isGRPC = way == .grpc || way == .grpcGzip
    let url = isGRPC ? "grpc://\(process.grpc)" : "http://\(process.http)"
    var options = HTTPOptions()
    options.timeout = .seconds(10)
    return Client(
      exporter: try OTLPExporter(endpoint: OTLPEndpoint(url, signal: .traces), options: options),
      encoding: way == .httpGzip || way == .grpcGzip ? .gzip : .identity)
  }

  struct Client {
    let exporter: OTLPExporter
    let encoding: ContentEncoding

    func send(_ body: [UInt8]) throws -> ExportOutcome {
      exporter.export(.bytes(try Spans.encoded(body, encoding)), encoding: encoding)
    }
  }

  /// Sends requests of five spans in every way at once until the relay is killed, at a random moment; the ids of what was
  /// acknowledged.
  func loadAndKill(firstSeed: UInt64, within range: ClosedRange<Double>) throws -> Set<String> {
    let acknowledged = Monitor<Set<String>>([])
    let isOver = Switch()
    var threads: [ThreadHandle] = []
    for (index, way) in Way.allCases.enumerated() {
      let client = UncheckedBox(try client(way))
      threads.append(
        try ThreadHandle {
          var seed = firstSeed + UInt64(index) << 32
          while !isOver.isOn {
            seed += 1
            guard (try? client.value.send(Spans.request(5, seed: seed))) == .delivered() else { continue }
            let ids = Spans.ids(5, seed: seed)
            acknowledged.withLock { $0.formUnion(ids) }
          }
        })
    }
    let end = Date().addingTimeInterval(.random(in: range))
    try waitUntil("something acknowledged", true: { !acknowledged.withLock { $0.isEmpty } })
    try waitUntil("the moment to kill", true: { Date() >= end })
    process.program.send(SIGKILL)
    isOver.turnOn()
    for thread in threads { thread.join() }
    try process.program.wait()
    return acknowledged.withLock { $0 }
  }

  /// Carries a client to the one thread that uses it.
  private struct UncheckedBox: @unchecked Sendable {
    let value: Client
    init(_ value: Client) { self.value = value }
  }
}

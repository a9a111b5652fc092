import Compression
import Foundation
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// Clients that want to do harm, beside one that does not: it is served all the while, and what the relay holds stays
/// small.
@Suite(.serialized) struct AbuseTests {
  private static let isSanitized = ProcessInfo.processInfo.environment["ONGRID_SANITIZER"] != nil
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, 0)

  private static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8] = []) -> [UInt8] {
    let size = payload.count
    return [UInt8(size >> 16 & 255), UInt8(size >> 8 & 255), UInt8(size & 255), type, flags]
      + (0..<4).map { UInt8(truncatingIfNeeded: stream >> UInt32(24 - 8 * $0)) } + payload
  }

  /// `:method POST`, `:scheme http`, `:path /` from HPACK's static table, and `:authority x`.
  private static let fields: [UInt8] = [0x83, 0x86, 0x84, 0x41, 0x01, 0x78]

  private static func post(_ more: String) -> String {
    "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n\(more)"
  }

  private static func bomb(_ encoding: ContentEncoding) throws -> [UInt8] {
    // Just over what a request may be.
    let body = try Spans.encoded([UInt8](repeating: 0, count: (64 << 20) + 1), encoding)
    return Array(
      post("Content-Encoding: \(encoding)\r\nConnection: close\r\nContent-Length: \(body.count)\r\n\r\n").utf8) + body
  }

  enum Attack: String, CaseIterable {
    case rapidReset, continuations, pings, settings, manyFields, manyIndexedFields, endlessHead, slowHeads, slowBodies
    case gzipBomb, zstdBomb, brokenHandshakes
  }

  /// What is sent on a connection; again and again while the server lets that happen, if `repeats`, else the connection is
  /// held.
  private func payload(_ attack: Attack) throws -> (bytes: [UInt8], repeats: Bool) {
    var bytes = Self.preface
    switch attack {
    case .rapidReset:
      // Whole requests, each taken back at once (CVE-2023-44487).
      for index in 0..<4000 as Range<UInt32> {
        bytes += Self.frame(1, 5, index * 2 + 1, Self.fields) + Self.frame(3, 0, index * 2 + 1, [0, 0, 0, 8])
      }
    case .continuations:
      // A header that never ends (CVE-2024-27316).
      bytes += Self.frame(1, 0, 1, Self.fields)
      let field: [UInt8] = [0x00, 0x01, 0x61, 0x7f, 0x80, 0x01] + [UInt8](repeating: 0x62, count: 255)
      for _ in 0..<20_000 { bytes += Self.frame(9, 0, 1, field) }
    case .pings: for _ in 0..<100_000 { bytes += Self.frame(6, 0, 0, [UInt8](repeating: 0, count: 8)) }
    case .settings: for _ in 0..<100_000 { bytes += Self.frame(4, 0, 0, [0, 4, 0, 0, 0xff, 0xff]) }
    case .manyFields: return (Array((Self.post("") + String(repeating: "X: a\r\n", count: 100_000)).utf8), true)
    case .manyIndexedFields:
      // Each byte stands for a whole field of the static table: 16 KiB of them for half a megabyte.
      bytes += Self.frame(1, 4, 1, Self.fields + [UInt8](repeating: 0x90, count: 16_000))
      for index in 1..<500 as Range<UInt32> {
        bytes += Self.frame(1, 4, index * 2 + 1, Self.fields + [UInt8](repeating: 0x90, count: 16_000))
      }
    case .endlessHead: return ([UInt8](repeating: UInt8(ascii: "a"), count: 10 << 20), true)
    case .slowHeads: return (Array(Self.post("X: ").utf8), false)
    case .slowBodies: return (Array(Self.post("Content-Length: 60000000\r\n\r\nabc").utf8), false)
    case .gzipBomb: return (try Self.bomb(.gzip), true)
    case .zstdBomb: return (try Self.bomb(.zstd), true)
    case .brokenHandshakes: return (Self.preface + [UInt8](repeating: 0xff, count: 1000), true)
    }
    return (bytes, true)
  }

  @Test("an attack costs little and holds nobody up", arguments: Attack.allCases)
  func withstands(_ attack: Attack) throws {
    let relay = try RelayProcess(["--to", "file:/dev/null"])
    let port = try #require(relay.http.split(separator: ":").last.flatMap { Int($0) })
    let (bytes, repeats) = try payload(attack)
    let isOver = Switch()
    let attacks = Monitor(0)
    var attackers: [ThreadHandle] = []
    for _ in 0..<3 {
      attackers.append(
        try ThreadHandle {
          var held: [RawClient] = []
          while !isOver.isOn {
            guard held.count < 100, let client = try? RawClient(port: port) else {
              pause(milliseconds: 10)
              continue
            }
            client.write(bytes)
            attacks.withLock { $0 += 1 }
            if repeats { _ = client.readToEnd() } else { held.append(client) }
          }
        })
    }
    defer {
      isOver.turnOn()
      for attacker in attackers { attacker.join() }
    }
    let good = [
      try OTLPExporter(endpoint: OTLPEndpoint("http://\(relay.http)", signal: .traces)),
      try OTLPExporter(endpoint: OTLPEndpoint("grpc://\(relay.grpc)", signal: .traces)),
    ]
    var slowest = 0.0
    var served = 0
    let end = Date().addingTimeInterval(0.5)
    while Date() < end || attacks.withLock({ $0 }) < 6 {
      for exporter in good {
        let start = Date()
        #expect(exporter.export(.bytes(Spans.request(5, seed: 1))) == .delivered())
        slowest = max(slowest, Date().timeIntervalSince(start))
        served += 1
      }
      pause(milliseconds: 5)
    }
    let usage = ProcessStatus(relay.program.id)
    print(
      "\(attack.rawValue): \(attacks.withLock { $0 }) attacks, \(served) requests served, the slowest in",
      "\(Int(slowest * 1000)) ms; \(usage.map { "\($0.peak / 1024) MB, \($0.cpu) s" } ?? "")")
    #expect(slowest < 5)
    // Sanitizers keep memory that was freed.
    if let usage, !Self.isSanitized { #expect(usage.peak < 200 << 10, "\(usage.peak) kB") }
  }
}

/// What a process has used, where there is `/proc`.
struct ProcessStatus {
  /// The most memory resident, in kB.
  let peak: Int
  /// Processor time in seconds.
  let cpu: Double

  init?(_ process: Int32) {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
      let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let peak = Int(line.filter(\.isNumber)), let end = stat.lastIndex(of: ")")
    else { return nil }
    self.peak = peak
    let fields = stat[end...].split(separator: " ")
    cpu = ((Double(fields[12]) ?? 0) + (Double(fields[13]) ?? 0)) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}

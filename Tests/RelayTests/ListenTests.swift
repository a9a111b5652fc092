import Foundation
import HTTPServer
import Platform
import TestSupport
import Testing

@testable import Relay

/// Where a relay listens, and whom it lets in when many come.
@Suite struct ListenTests {
  @Test("a file that is no socket is never removed for one")
  func regularFile() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("precious", Array("keep me".utf8))
    let result = try Program.run(["relay", "--to", "file:/dev/null", "--listen-grpc", "unix:\(path)"])
    #expect(result.status != 0)
    #expect(result.errors.contains(path), "\(result.errors)")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "keep me")
  }

  @Test("a socket that nobody listens on is replaced, one that somebody listens on is not")
  func staleSocket() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path("relay.sock")
    let listen = { (configuration: inout RelayConfiguration) in
      configuration.listenGRPC = try? ListenAddress("unix:\(path)")
    }
    do { _ = try ListeningSocket(ListenAddress("unix:\(path)")) }
    #expect(FileManager.default.fileExists(atPath: path))
    let first = try RelayUnderTest(to: ["file:/dev/null"], change: listen)
    #expect(throws: RelayError.self) { try RelayUnderTest(to: ["file:/dev/null"], change: listen) }
    first.stop()
  }

  @Test("localhost is both families, and an absent one is no error")
  func bothFamilies() throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"]) { $0.listenHTTP = ListenAddress(host: "localhost", port: 0) }
    let hosts = Set(relay.service.receivers.map(\.host))
    #expect(hosts.contains("127.0.0.1"))
    #expect(hosts.isSubset(of: ["127.0.0.1", "::1"]))
    #expect(Set(relay.service.receivers.map(\.port)).count == 1)
    let hasIPv6 = (try? ListeningSocket(ListenAddress(host: "::1", port: 0))) != nil
    #expect(hosts.contains("::1") == hasIPv6)
    for host in hosts {
      let url = host.contains(":") ? "http://[\(host)]:\(relay.port)" : "http://\(host):\(relay.port)"
      #expect(try relay.send(Spans.request(1, seed: 1), url: url).status == 200)
    }
  }

  @Test("every address is both families too")
  func wildcard() throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"]) { $0.listenHTTP = ListenAddress(host: "", port: 0) }
    #expect(try relay.send(Spans.request(1, seed: 1), url: "http://127.0.0.1:\(relay.port)").status == 200)
    if relay.service.receivers.contains(where: { $0.host.contains(":") }) {
      #expect(try relay.send(Spans.request(1, seed: 1), url: "http://[::1]:\(relay.port)").status == 200)
    }
  }

  private static let get = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
  /// A client in the middle of a request, of which nine bytes are missing.
  private func busyClient(_ relay: RelayUnderTest) throws -> RawClient {
    let client = try RawClient(port: relay.port)
    let head = """
      POST /v1/traces HTTP/1.1\r
      Host: x\r
      Content-Type: application/x-protobuf\r
      Content-Length: 9\r
      Expect: 100-continue\r
      \r

      """
    #expect(try client.exchange(head).status == 100)
    return client
  }

  @Test("idle connections give way, the longest idle first; busy ones do not")
  func idleGivesWay() throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"]) { $0.limits.maxConnections = 3 }
    let busy = try busyClient(relay)
    let old = try RawClient(port: relay.port)
    #expect(try old.exchange(Self.get).status == 404)
    let young = try RawClient(port: relay.port)
    #expect(try young.exchange(Self.get).status == 404)
    // Used again, so that the other is the one that has been idle for longer.
    #expect(try old.exchange(Self.get).status == 404)
    let newcomer = try RawClient(port: relay.port)
    #expect(try newcomer.exchange(Self.get).status == 404)
    #expect(young.readToEnd().isEmpty)
    #expect(try old.exchange(Self.get).status == 404)
    busy.write([0x0a, 0x00, 0x0a, 0x00, 0x0a, 0x00, 0x0a, 0x00, 0x0a])
    #expect(try busy.response().status == 400)
  }

  @Test("when all are busy a newcomer is refused, counted and logged; the admin address still answers")
  func allBusy() throws {
    let lines = Monitor<[String]>([])
    let log = Log(level: .info) { record in lines.withLock { $0.append(record.message) } }
    let relay = try RelayUnderTest(to: ["file:/dev/null"], log: log) { $0.limits.maxConnections = 3 }
    let busy = try (0..<3).map { _ in try busyClient(relay) }
    #expect(try RawClient(port: relay.port).readToEnd().isEmpty)
    #expect(try relay.page("/healthz").status == 200)
    #expect(try !relay.page("/metrics").text.contains("ongrid_relay_refused_connections_total 0"))
    #expect(lines.withLock { $0 }.contains { $0.contains("refused a connection") })
    for client in busy {
      client.write([UInt8](repeating: 0x0a, count: 9))
      #expect(try client.response().status == 400)
    }
  }
}

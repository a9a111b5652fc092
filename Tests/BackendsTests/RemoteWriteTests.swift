import Foundation
import Platform
import TestSupport
import Testing

@testable import Backends
@testable import Transport

@Suite struct RemoteWriteTests {
  private func series(_ name: String, value: Double = 1) -> RemoteWriteSeries {
    RemoteWriteSeries(
      labels: [.init("le", "0.5"), .init("__name__", name), .init("empty", ""), .init("A", "x")],
      samples: [.init(value, milliseconds: 1000)],
      exemplars: [.init(labels: [.init("trace_id", "ab")], sample: .init(0.25, milliseconds: 900))])
  }

  @Test func encodesSortedLabels() {
    var encoder = RemoteWriteEncoder()
    encoder.append(series("m"))
    let expected: [UInt8] =
      [0x0a, 73]
      + [0x0a, 6, 0x0a, 1] + Array("A".utf8) + [0x12, 1] + Array("x".utf8)
      + [0x0a, 13, 0x0a, 8] + Array("__name__".utf8) + [0x12, 1] + Array("m".utf8)
      + [0x0a, 9, 0x0a, 2] + Array("le".utf8) + [0x12, 3] + Array("0.5".utf8)
      + [0x12, 12, 9, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0xe8, 7]
      + [0x1a, 28, 0x0a, 14, 0x0a, 8] + Array("trace_id".utf8) + [0x12, 2] + Array("ab".utf8)
      + [0x11, 0, 0, 0, 0, 0, 0, 0xd0, 0x3f, 0x18, 0x84, 7]
    let body = Array(encoder.view)
    #expect(body.dropFirst(2) == expected.dropFirst(2))
    #expect(Int(body[1]) == body.count - 2)
    #expect(RemoteWriteEncoder.staleNaN.isNaN)
  }

  @Test func compressesAndPosts() throws {
    let server = try StubServer { _ in .respond(status: 204) }
    let client = try RemoteWriteClient(url: HTTPURL(server.url))
    try client.write((0..<500).map { series("metric_\($0)") })
    let requests = server.requests
    #expect(requests.count == 1)
    #expect(requests[0].path == "/api/v1/write")
    #expect(requests[0].headers["content-encoding"] == "snappy")
    #expect(requests[0].headers["x-prometheus-remote-write-version"] == "0.1.0")
    var encoder = RemoteWriteEncoder()
    for index in 0..<500 { encoder.append(series("metric_\(index)")) }
    let body = try requests[0].body.withByteView { try Snappy.uncompress($0, limit: 1 << 20) }
    let isSame = body == Array(encoder.view)
    #expect(isSame)
  }

  /// What may pass is told from what will not, and what concerns parts of a request from what concerns all.
  @Test(arguments: [
    (503, "later", true, RefusalScope?.none), (429, "slowly", true, nil), (400, "out of order sample", false, .content),
    (409, "conflict", false, .content), (413, "too large", false, .size), (401, "who?", false, .destination),
  ])
  func saysWhatBecameOfIt(_ status: Int, _ message: String, _ isPassing: Bool, _ scope: RefusalScope?) throws {
    let server = try StubServer { _ in .text(status, message) }
    let client = try RemoteWriteClient(url: HTTPURL(server.url))
    let expected = BackendError.status(origin: server.url, status: status, message: message)
    switch [0x0a, 0].withByteView({ client.attempt($0) }) {
    case .taken: Issue.record("taken")
    case .failed(let error, _): #expect(isPassing && error == expected)
    case .refused(let error, let found): #expect(!isPassing && error == expected && found == scope)
    }
    #expect(server.requests.count == 1)
  }

  @Test func snappyRefusesDamage() throws {
    let text = Array(String(repeating: "abcdef", count: 1000).utf8)
    let compressed = try text.withByteView { try Snappy.compress($0) }
    #expect(compressed.count < text.count)
    #expect(try compressed.withByteView { try Snappy.uncompress($0, limit: 6000) } == text)
    #expect(try compressed.withByteView { try Snappy.uncompress($0, limit: 5999) } == nil)
    #expect(try Array(compressed.dropLast(3)).withByteView { try Snappy.uncompress($0, limit: 6000) } == nil)
    #expect(try [0xff, 0xff].withByteView { try Snappy.uncompress($0, limit: 6000) } == nil)
  }
}

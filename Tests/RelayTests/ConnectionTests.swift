import Platform
import Testing

@testable import HTTPServer

/// A connection on a channel that does as it is told, as TLS does now and then.
@Suite struct ConnectionTests {
  private final class ScriptedChannel: Channel {
    enum Step {
      case bytes([UInt8])
      /// Nothing can be read before something has been written.
      case wantsWriting
    }

    var steps: [Step]
    var written: [UInt8] = []
    /// Whether what is left shows in no event.
    var hasBuffered: Bool { !steps.isEmpty && buffers }
    private let buffers: Bool

    init(_ steps: [Step], buffers: Bool = false) {
      self.steps = steps
      self.buffers = buffers
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
      guard let step = steps.first else { return .wouldBlock(forWriting: false) }
      steps.removeFirst()
      guard case .bytes(let bytes) = step else { return .wouldBlock(forWriting: true) }
      let part = bytes.prefix(buffer.count)
      buffer.copyBytes(from: part)
      if part.count < bytes.count { steps.insert(.bytes(Array(bytes.dropFirst(part.count))), at: 0) }
      return .bytes(part.count)
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> IOResult {
      written += bytes
      return .bytes(bytes.count)
    }

    func finishSending() {}
  }

  /// Takes every body and answers later.
  private final class LateHandler: RequestHandler {
    var bodies: [Int] = []

    func begin(_ head: RequestHead) -> RequestDecision {
      .read { body, _ in
        self.bodies.append(body.count)
        return nil
      }
    }
  }

  private func connection(
    _ channel: ScriptedChannel, _ makeHandler: @escaping @Sendable () -> any RequestHandler
  ) throws -> Connection {
    let context = ConnectionContext(HTTPService([], makeHandler: makeHandler), LoopState(try Mailbox()))
    return Connection(id: 1, descriptor: -1, channel: channel, context: context)
  }

  @Test("a read that waits for writability keeps waiting over the check of time limits")
  func readWaitsForWriting() throws {
    let request = Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
    let channel = ScriptedChannel([.wantsWriting, .bytes(request)])
    let connection = try connection(channel) { PageHandler { _ in Page("ok") } }
    connection.readable()
    #expect(connection.changedInterest() == Interest(read: false, write: true))
    connection.check(monotonicNanoseconds() + 200 * Nanoseconds.perMillisecond)
    #expect(connection.changedInterest() == nil)
    connection.writable()
    #expect(String(decoding: channel.written, as: UTF8.self).hasPrefix("HTTP/1.1 200 "))
    #expect(connection.changedInterest() == .reading)
  }

  @Test("what TLS has buffered is read when a late answer lets input go on")
  func bufferedInput() throws {
    let head = { (length: Int) in Array("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n".utf8) }
    let first = head(2) + [1, 2] + head(80_000) + [UInt8](repeating: 0, count: 70_000)
    let channel = ScriptedChannel([.bytes(first), .bytes([UInt8](repeating: 0, count: 10_000))], buffers: true)
    let connection = try connection(channel) { LateHandler() }
    let handler = try #require(connection.context.handler as? LateHandler)
    connection.readable()
    #expect(handler.bodies == [2])
    #expect(connection.changedInterest() == Interest(read: false, write: false))
    connection.complete(0, ServerResponse(status: 200))
    #expect(handler.bodies == [2, 80_000])
    #expect(channel.steps.isEmpty)
  }
}

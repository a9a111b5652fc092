import Compression
import Libc
import OTLP
import Platform
import Synchronization
import TLS

/// A destination that counts spans and keeps nothing.
struct Sink {
  private let port: Int
  private let tls: TLSServer?
  private let failEvery: Int

  init(_ options: BenchOptions) throws(BenchError) {
    port = try options.number("port", default: 0)
    failEvery = try options.number("fail-every", default: 0)
    let certificate = options.text("tls-cert")
    do throws(TLSError) {
      tls = certificate.isEmpty ? nil : try TLSServer(certificate: certificate, key: options.text("tls-key"))
    } catch {
      throw BenchError(error.description)
    }
  }

  func run() throws(BenchError) {
    let (descriptor, port) = try Sockets.listen(port)
    let line = Array("\(port)\n".utf8)
    _ = write(STDOUT_FILENO, line, line.count)
    let counter = SpanCounter(failEvery: failEvery)
    let tls = tls
    while true {
      let connection = accept(descriptor, nil, nil)
      if connection < 0 { continue }
      do throws(SystemError) {
        // Connections live as long as the process.
        _ = try ThreadHandle {
          if let wire = try? Wire(accepted: connection, tls) { SinkConnection(wire, counter).serve() }
        }
      } catch {
        close(connection)
      }
    }
  }

  /// How many spans the sink on `port` has counted.
  static func count(port: Int) throws(BenchError) -> Int {
    let descriptor = try Sockets.connect(port)
    defer { close(descriptor) }
    _ = Array("GET /count HTTP/1.1\r\n\r\n".utf8).withByteView { Sockets.sendAll(descriptor, $0) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    let text = String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
    guard let value = text.split(whereSeparator: \.isNewline).last.flatMap({ Int($0) }) else {
      throw BenchError("no sink")
    }
    return value
  }
}

/// The spans of all connections.
final class SpanCounter: Sendable {
  private let spans = Atomic<Int>(0)
  private let requests = Atomic<Int>(0)
  private let failEvery: Int

  /// - Parameter failEvery: one in so many requests is not taken; 0: all are.
  init(failEvery: Int) { self.failEvery = failEvery }

  enum Failure { case refuse, hangUp }

  /// What becomes of the next request, if it is one that fails.
  func nextFailure() -> Failure? {
    guard failEvery > 0 else { return nil }
    let index = requests.add(1, ordering: .relaxed).newValue
    guard index % failEvery == 0 else { return nil }
    return index / failEvery % 2 == 0 ? .refuse : .hangUp
  }

  var value: Int { spans.load(ordering: .relaxed) }

  /// Counts the spans of a body; `false` when it is malformed.
  func add(_ body: ByteView, isGzip: Bool, _ decompressor: inout Decompressor, _ scratch: inout ByteBuffer) -> Bool {
    scratch.removeAll()
    do {
      if isGzip { try decompressor.decompress(body, .gzip, into: &scratch, limit: 256 << 20) }
      let walk = try RequestWalk(isGzip ? scratch.view : body)
      spans.add(walk.items, ordering: .relaxed)
      return true
    } catch {
      return false
    }
  }
}

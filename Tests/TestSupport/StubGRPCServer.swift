import Foundation

/// An HTTP/2 server without TLS that answers every stream as a test says: enough of gRPC to test a client.
public final class StubGRPCServer: @unchecked Sendable {
  public struct Answer: Sendable {
    /// Header fields after `:status 200`.
    public var headers: [(String, String)] = [("content-type", "application/grpc")]
    public var body: [UInt8] = []
    /// Empty: the stream ends with the headers or the body.
    public var trailers: [(String, String)] = []

    public init(headers: [(String, String)]? = nil, body: [UInt8] = [], trailers: [(String, String)] = []) {
      if let headers { self.headers = headers }
      self.body = body
      self.trailers = trailers
    }
  }

  public let port: Int
  private let listener: Int32
  private let handler: @Sendable ([UInt8]) -> Answer
  private let lock = NSLock()
  private var received: [[UInt8]] = []
  private var connections: Set<Int32> = []
  private var isStopped = false

  /// - Parameter handler: gets the whole request body of a stream.
  public init(_ handler: @escaping @Sendable (_ body: [UInt8]) -> Answer) throws {
    self.handler = handler
    let (socket, port) = try Sockets.listen()
    listener = socket
    self.port = Int(port)
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(socket, nil, nil)
        guard connection >= 0, let self, self.register(connection) else { return }
        Thread.detachNewThread { [weak self] in self?.serve(connection) }
      }
    }
  }

  deinit { stop() }

  /// Bodies received so far.
  public var bodies: [[UInt8]] { lock.withLock { received } }

  public func stop() {
    lock.withLock {
      guard !isStopped else { return }
      isStopped = true
      for socket in connections.union([listener]) { shutdown(socket, Int32(SHUT_RDWR)) }
    }
  }

  private func register(_ connection: Int32) -> Bool {
    lock.withLock {
      if !isStopped { connections.insert(connection) }
      return !isStopped
    }
  }

  private func serve(_ connection: Int32) {
    var reader = SocketReader(connection)
    guard reader.bytes(24) != nil, send(connection, frame(4, flags: 0, stream: 0, [])) else { return }
    var bodies: [UInt32: [UInt8]] = [:]
    while let head = reader.bytes(9) {
      let length = head[0..<3].reduce(0) { $0 << 8 | Int($1) }
      let stream = head[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7fff_ffff
      guard let payload = reader.bytes(length) else { return }
      switch head[3] {
      case 0:
        bodies[stream, default: []] += payload
        let grant = withUnsafeBytes(of: UInt32(max(payload.count, 1)).bigEndian) { Array($0) }
        guard send(connection, frame(8, flags: 0, stream: 0, grant) + frame(8, flags: 0, stream: stream, grant)) else {
          return
        }
        if head[4] & 1 != 0, !answer(connection, stream, bodies.removeValue(forKey: stream) ?? []) { return }
      case 1:
        if head[4] & 1 != 0, !answer(connection, stream, []) { return }
      case 4:
        if head[4] & 1 == 0, !send(connection, frame(4, flags: 1, stream: 0, [])) { return }
      case 6:
        if head[4] & 1 == 0, !send(connection, frame(6, flags: 1, stream: 0, payload)) { return }
      default: break
      }
    }
  }

  private func answer(_ connection: Int32, _ stream: UInt32, _ body: [UInt8]) -> Bool {
    lock.withLock { received.append(body) }
    let answer = handler(body)
    let headersEnd = answer.body.isEmpty && answer.trailers.isEmpty
    // 0x88 is ":status: 200" in HPACK's static table.
    var bytes = frame(1, flags: headersEnd ? 5 : 4, stream: stream, [0x88] + literals(answer.headers))
    if !answer.body.isEmpty { bytes += frame(0, flags: answer.trailers.isEmpty ? 1 : 0, stream: stream, answer.body) }
    if !answer.trailers.isEmpty { bytes += frame(1, flags: 5, stream: stream, literals(answer.trailers)) }
    return send(connection, bytes)
  }

  /// HPACK literals without indexing and without Huffman coding; names and values of less than 127 bytes.
  private func literals(_ fields: [(String, String)]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (name, value) in fields {
      bytes += [0, UInt8(name.utf8.count)]
      bytes += name.utf8
      bytes.append(UInt8(value.utf8.count))
      bytes += value.utf8
    }
    return bytes
  }

  private func frame(_ type: UInt8, flags: UInt8, stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
    let length = (0..<3).map { UInt8(truncatingIfNeeded: payload.count >> (16 - 8 * $0)) }
    return length + [type, flags] + withUnsafeBytes(of: stream.bigEndian) { Array($0) } + payload
  }

  private func send(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
    StubServer.sendAll(connection, bytes)
  }
}

import Foundation

/// An HTTP/2 server without TLS that answers every stream as a test says: enough of gRPC to test a client. It runs until
/// `stop()` or the end of the test run.
public final class StubGRPCServer: @unchecked Sendable {
  public struct Answer: Sendable {
    public var status = 200
    /// Header fields after the status.
    public var headers: [(String, String)] = [("content-type", "application/grpc")]
    public var body: [UInt8] = []
    /// Empty: the stream ends with the headers or the body.
    public var trailers: [(String, String)] = []
    public var manners = Manners.good

    public init(
      status: Int = 200, headers: [(String, String)]? = nil, body: [UInt8] = [], trailers: [(String, String)] = []
    ) {
      self.status = status
      if let headers { self.headers = headers }
      self.body = body
      self.trailers = trailers
    }
  }

  /// What a server may do to a stream instead of answering it, or besides.
  public enum Manners: Sendable {
    case good
    /// Answers only after a PING of its own has been acknowledged.
    case pings
    /// Resets the stream with this code of HTTP/2.
    case resets(UInt32)
    /// Answers, and takes nothing further on this connection.
    case answersAndGoesAway
    /// Has not processed the stream, and takes nothing further on this connection.
    case goesAway
    /// Ends the connection.
    case closes
    /// Sends a GOAWAY that names a stream which cannot be.
    case breaksRules
  }

  public let port: Int
  private let listener: Int32
  private let handler: @Sendable ([UInt8]) -> Answer
  private let lock = NSLock()
  private var received: [[UInt8]] = []
  private var connections: Set<Int32> = []
  private var isStopped = false
  private var accepted = 0
  private let window: UInt32
  private let answersEarly: Bool

  /// - Parameters:
  ///   - window: how many bytes of a stream may come before the server has asked for more, which it does as it takes
  ///     them; 0: it never does.
  ///   - answersEarly: whether it answers as soon as the header fields of a request are there, and wants no more of it.
  ///   - handler: gets the whole request body of a stream.
  public init(
    window: UInt32 = 65535, answersEarly: Bool = false, _ handler: @escaping @Sendable (_ body: [UInt8]) -> Answer
  ) throws {
    self.window = window
    self.answersEarly = answersEarly
    self.handler = handler
    let (socket, port) = try Sockets.listen()
    listener = socket
    self.port = Int(port)
    Thread.detachNewThread { [self] in
      while true {
        let connection = accept(socket, nil, nil)
        guard connection >= 0, register(connection) else { return }
        Thread.detachNewThread { [self] in serve(connection) }
      }
    }
  }

  /// Bodies received so far.
  public var bodies: [[UInt8]] { lock.withLock { received } }

  /// How many connections clients opened.
  public var connectionCount: Int { lock.withLock { accepted } }

  public func stop() {
    lock.withLock {
      guard !isStopped else { return }
      isStopped = true
      for socket in connections.union([listener]) { shutdown(socket, Int32(SHUT_RDWR)) }
    }
  }

  private func register(_ connection: Int32) -> Bool {
    lock.withLock {
      accepted += 1
      if !isStopped { connections.insert(connection) }
      return !isStopped
    }
  }

  private func serve(_ connection: Int32) {
    var reader = SocketReader(connection)
    defer {
      lock.withLock { _ = connections.remove(connection) }
      close(connection)
    }
    let settings = [0, 4] + big(window)
    guard reader.bytes(24) != nil, send(connection, frame(4, flags: 0, stream: 0, settings)) else { return }
    var bodies: [UInt32: [UInt8]] = [:]
    var pinged: (stream: UInt32, answer: Answer)?
    // A body that is larger than the client's windows, of which both start at the same size.
    var long: (stream: UInt32, body: ArraySlice<UInt8>, trailers: [(String, String)])?
    var credit: (connection: Int, stream: Int) = (65535, 65535)
    while let head = reader.bytes(9) {
      let length = head[0..<3].reduce(0) { $0 << 8 | Int($1) }
      let stream = head[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7fff_ffff
      guard let payload = reader.bytes(length) else { return }
      switch head[3] {
      case 1 where answersEarly:
        guard send(connection, response(stream, handler([])) + frame(3, flags: 0, stream: stream, big(0))) else {
          return
        }
      case 0 where answersEarly: break
      case 0:
        bodies[stream, default: []] += payload
        let grant = big(UInt32(max(payload.count, 1)))
        guard send(connection, frame(8, flags: 0, stream: 0, grant) + frame(8, flags: 0, stream: stream, grant)) else {
          return
        }
        guard head[4] & 1 != 0 else { break }
        let body = bodies.removeValue(forKey: stream) ?? []
        lock.withLock { received.append(body) }
        let answer = handler(body)
        if answer.body.count > 16 << 10 {
          long = (stream, answer.body[...], answer.trailers)
          credit.stream = 65535
          guard send(connection, response(stream, Answer(headers: answer.headers), ends: false)) else { return }
        } else if case .pings = answer.manners {
          pinged = (stream, answer)
          guard send(connection, frame(6, flags: 0, stream: 0, Array(repeating: 7, count: 8))) else { return }
        } else if !perform(answer, connection, stream) {
          return
        }
      case 8:
        let increment = payload.reduce(0) { $0 << 8 | Int($1) }
        if stream == 0 { credit.connection += increment } else { credit.stream += increment }
      case 4:
        if head[4] & 1 == 0, !send(connection, frame(4, flags: 1, stream: 0, [])) { return }
      case 6:
        if head[4] & 1 == 0 {
          guard send(connection, frame(6, flags: 1, stream: 0, payload)) else { return }
        } else if let (stream, answer) = pinged, payload == Array(repeating: 7, count: 8) {
          pinged = nil
          guard send(connection, response(stream, answer)) else { return }
        }
      default: break
      }
      while let next = long {
        let count = min(next.body.count, credit.connection, credit.stream, 16 << 10)
        if count == 0 { break }
        credit = (credit.connection - count, credit.stream - count)
        guard send(connection, frame(0, flags: 0, stream: next.stream, Array(next.body.prefix(count)))) else { return }
        long?.body = next.body.dropFirst(count)
        guard next.body.count == count else { continue }
        long = nil
        guard send(connection, frame(1, flags: 5, stream: next.stream, literals(next.trailers))) else { return }
      }
    }
  }

  /// Whether the connection goes on.
  private func perform(_ answer: Answer, _ connection: Int32, _ stream: UInt32) -> Bool {
    switch answer.manners {
    case .good, .pings: send(connection, response(stream, answer))
    case .resets(let code): send(connection, frame(3, flags: 0, stream: stream, big(code)))
    case .answersAndGoesAway:
      send(connection, response(stream, answer) + frame(7, flags: 0, stream: 0, big(stream) + big(0)))
    case .goesAway: send(connection, frame(7, flags: 0, stream: 0, big(stream < 2 ? 0 : stream - 2) + big(0)))
    case .breaksRules: send(connection, frame(7, flags: 0, stream: 0, big(2) + big(0)))
    case .closes: false
    }
  }

  private func response(_ stream: UInt32, _ answer: Answer, ends: Bool = true) -> [UInt8] {
    let headersEnd = ends && answer.body.isEmpty && answer.trailers.isEmpty
    let head = literals([(":status", String(answer.status))] + answer.headers)
    var bytes = frame(1, flags: headersEnd ? 5 : 4, stream: stream, head)
    if !answer.body.isEmpty { bytes += frame(0, flags: answer.trailers.isEmpty ? 1 : 0, stream: stream, answer.body) }
    if !answer.trailers.isEmpty { bytes += frame(1, flags: 5, stream: stream, literals(answer.trailers)) }
    return bytes
  }

  private func big(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

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
    return length + [type, flags] + big(stream) + payload
  }

  private func send(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
    StubServer.sendAll(connection, bytes)
  }
}

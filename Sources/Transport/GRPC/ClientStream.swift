import Platform
import TLS

/// A way to a server, for one thread: a socket, through a proxy where one is named, with TLS where the URL asks for it.
struct ClientStream: ~Copyable {
  private let socket: ClientSocket
  private let tls: TLSConnection?
  private let origin: String
  private let client: TLSClient?
  /// What sessions of TLS belong to.
  private let server: String
  /// What TLS cannot go on without, whatever its user wants to do.
  private var needs = Needs.nothing

  private enum Needs { case nothing, reading, writing }

  /// Connects, and shakes hands.
  ///
  /// - Parameters:
  ///   - tls: `nil` for a plain connection.
  ///   - name: what the server's certificate must be for.
  init(
    to url: HTTPURL, through proxy: HTTPProxy?, tls client: TLSClient?, name: String, deadline: Deadline
  ) throws(HTTPError) {
    let server = url.canonicalOrigin + " " + name
    let socket: ClientSocket
    if let proxy {
      socket = try ClientSocket(through: proxy, to: url, deadline: deadline)
    } else {
      socket = try ClientSocket(host: url.bareHost, port: url.effectivePort, origin: url.origin, deadline: deadline)
    }
    var connection: TLSConnection?
    if let client {
      do throws(TLSError) {
        connection = try client.connect(socket.rawDescriptor, name: name, server: server)
      } catch {
        throw .tls(origin: url.origin, reason: error.description)
      }
    }
    if let connection { try ClientStream.shakeHands(connection, socket, url.origin, deadline) }
    self.socket = socket
    tls = connection
    origin = url.origin
    self.client = client
    self.server = server
  }

  deinit {
    guard let tls, let client else { return }
    tls.finishSending()
    client.keepSession(of: tls, server: server)
  }

  private static func shakeHands(
    _ connection: TLSConnection, _ socket: borrowing ClientSocket, _ origin: String, _ deadline: Deadline
  ) throws(HTTPError) {
    while let outcome = connection.handshake() {
      switch outcome {
      case .wantsWrite: try socket.wait(toRead: false, toWrite: true, deadline)
      case .closed, .failed(.broken(0)):
        throw .tls(origin: origin, reason: "the server closed the connection during the handshake")
      case .failed(.broken(let number)): throw .interrupted(origin: origin, reason: systemMessage(number))
      case .failed(let error): throw .tls(origin: origin, reason: error.description)
      case .wantsRead, .bytes: try socket.wait(toRead: true, toWrite: false, deadline)
      }
    }
    guard connection.speaksHTTP2 else { throw .tls(origin: origin, reason: "the server does not offer HTTP/2") }
  }

  /// Reads what is there into `room`: a count, 0 when the server has closed, `nil` when nothing is there yet.
  mutating func read(into room: UnsafeMutableRawBufferPointer) throws(HTTPError) -> Int? {
    guard let tls else { return try socket.read(into: room) }
    needs = .nothing
    switch tls.read(into: room) {
    case .bytes(let count): return count
    case .closed: return 0
    case .wantsRead: return nil
    case .wantsWrite:
      needs = .writing
      return nil
    case .failed(let error): throw failure(error)
    }
  }

  /// Writes as much of `bytes` as the way takes and returns how much that was. What was not taken must come again.
  mutating func write(_ bytes: ByteView) throws(HTTPError) -> Int {
    guard let tls else { return try socket.write(bytes) }
    needs = .nothing
    switch tls.write(bytes.buffer) {
    case .bytes(let count): return count
    case .wantsWrite: return 0
    case .wantsRead:
      needs = .reading
      return 0
    case .closed: throw .interrupted(origin: origin, reason: "closed by the server")
    case .failed(let error):
      // A server that turns the client away says why before it closes, and what it says is still there.
      var byte: UInt8 = 0
      if case .failed(let reason) = withUnsafeMutableBytes(of: &byte, { tls.read(into: $0) }) { throw failure(reason) }
      throw failure(error)
    }
  }

  /// Waits for the way to be readable, or writable too when there is something `toWrite`.
  ///
  /// - Parameter sent: bytes of the request that have been written so far.
  func wait(toWrite: Bool, _ deadline: inout Deadline, sent: Int) throws(HTTPError) {
    // The handshake may have taken more from the socket than its own.
    if tls?.hasInput == true { return try deadline.check(origin) }
    let writes =
      switch needs {
      case .nothing: toWrite
      case .reading: false
      case .writing: true
      }
    try socket.wait(toRead: true, toWrite: writes, &deadline, sent: sent)
  }

  private func failure(_ error: TLSError) -> HTTPError {
    switch error {
    case .broken(0): .interrupted(origin: origin, reason: "closed without an answer")
    case .broken(let number): .interrupted(origin: origin, reason: systemMessage(number))
    case .unavailable, .file, .refused: .tls(origin: origin, reason: error.description)
    }
  }
}

import CNghttp2
import Platform
import TLS

/// Sends unary gRPC calls over HTTP/2, plain or with TLS, and keeps the connection between them.
///
/// libcurl serves every other protocol. This one it does not serve well: the versions that distributions ship fail on
/// the second request of an HTTP/2 connection without TLS, and spin while an upload waits for the server's window.
///
/// Not thread-safe: one per sender thread. A connection each, rather than streams of one, spreads requests over what
/// stands behind a load balancer, and lets each wait for its own window only.
final class GRPCClient {
  private let options: HTTPOptions
  private let proxy: HTTPProxy?
  /// `nil` for plain connections.
  private let tls: TLSClient?
  private var connection: Connection?
  /// Whether the server has said of the last request that it has not processed it.
  private var isRefused = false

  private struct Connection: ~Copyable {
    var stream: ClientStream
    let session: HTTP2Session
  }

  /// - Parameters:
  ///   - usesTLS: whether all requests go to servers behind TLS.
  ///   - proxy: takes `CONNECT` without TLS of its own.
  init(options: HTTPOptions, usesTLS: Bool, proxy: HTTPProxy? = nil) throws(HTTPError) {
    self.options = options
    self.proxy = proxy
    do throws(TLSError) {
      tls = usesTLS ? try TLSClient.with(options.tlsSettings) : nil
    } catch {
      if case .unavailable(let reason) = error { throw .unavailable(reason) }
      throw .credentials(error.description)
    }
  }

  /// Sends one request and waits for the whole response, whatever its status.
  func send(_ request: HTTPRequest, cancellation: HTTPCancellation?) throws(HTTPError) -> HTTPResponse {
    let deadline = Deadline(patience: request.timeout ?? options.timeout, end: request.deadline, cancellation)
    let origin = request.url.origin
    try deadline.check(origin)
    let fields = try headerList(request)
    let isReused = try isReusable()
    do throws(HTTPError) {
      return try exchange(request, fields, deadline)
    } catch {
      connection = nil
      // A connection that had been idle may have been closed by the server while the request was on its way there, and a
      // server that goes away or restarts says of a stream that it has not touched it.
      guard isReused || isRefused, case .interrupted = error else { throw error }
    }
    do throws(HTTPError) {
      return try exchange(request, fields, deadline)
    } catch {
      connection = nil
      throw error
    }
  }

  /// Whether the connection that is kept still stands; one that the server has closed is dropped here.
  private func isReusable() throws(HTTPError) -> Bool {
    guard connection != nil else { return false }
    if try !receive() || connection?.session.isUsable != true { connection = nil }
    return connection != nil
  }

  private func exchange(
    _ request: HTTPRequest, _ fields: HeaderList, _ deadline: Deadline
  ) throws(HTTPError) -> HTTPResponse {
    let origin = request.url.origin
    var deadline = deadline
    if connection == nil {
      let limit = min(options.connectTimeout, request.timeout ?? options.timeout)
      let connect = Deadline(connecting: limit, for: deadline)
      let stream = try ClientStream(
        to: request.url, through: proxy, tls: tls, name: options.tlsServerName ?? request.url.bareHost,
        deadline: connect)
      guard let session = HTTP2Session() else { throw .unavailable("no memory for an HTTP/2 session") }
      connection = Connection(stream: stream, session: session)
    }
    isRefused = false
    deadline.restart()
    let exchange = HTTP2Exchange(request)
    guard let session = connection?.session, session.begin(exchange, fields) else {
      throw .interrupted(origin: origin, reason: "the server takes no further requests")
    }
    while !exchange.isOver {
      let isBlocked = try flush(origin)
      if exchange.isOver { break }
      if session.isOver { throw .interrupted(origin: origin, reason: "HTTP/2 protocol error") }
      do throws(HTTPError) {
        try connection?.stream.wait(toWrite: isBlocked, &deadline, sent: exchange.sent - session.output.count)
      } catch {
        // What is half sent cannot be taken back; the connection goes with it.
        session.abandon()
        throw error
      }
      // A server that goes away may end the connection right after the answer.
      do throws(HTTPError) {
        guard try receive() || exchange.isOver else {
          throw .interrupted(origin: origin, reason: "closed without an answer")
        }
      } catch {
        if !exchange.isOver { throw error }
      }
      if exchange.isTooLarge { throw .tooLarge(origin: origin, limit: request.maximumResponse) }
    }
    // A server may answer before it has read the request, which is then not to be sent any further.
    if exchange.closedWith == nil { session.abandon() }
    // A window update or acknowledgement may be left to be written; the answer is complete without.
    do throws(HTTPError) { _ = try flush(origin) } catch { connection = nil }
    if let code = exchange.closedWith, code != 0, !exchange.isAnswered {
      isRefused = code == NGHTTP2_REFUSED_STREAM.rawValue
      throw .interrupted(origin: origin, reason: "the server reset the stream (HTTP/2 error \(code))")
    }
    return exchange.response
  }

  /// Writes what the session has to say; `true` when the socket takes no more for now.
  private func flush(_ origin: String) throws(HTTPError) -> Bool {
    guard let session = connection?.session else { return false }
    while true {
      guard session.produce() else { throw .interrupted(origin: origin, reason: "HTTP/2 protocol error") }
      if session.output.isEmpty { return false }
      let written = try connection?.stream.write(session.output.view) ?? 0
      session.consumeOutput(written)
      if !session.output.isEmpty { return true }
    }
  }

  /// Takes in what the server has sent; `false` when it has closed the connection or does not speak HTTP/2.
  private func receive() throws(HTTPError) -> Bool {
    guard let session = connection?.session else { return false }
    return try withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) { room throws(HTTPError) -> Bool in
      while let count = try connection?.stream.read(into: room) {
        guard count > 0 else { return false }
        guard session.receive(ByteView(UnsafeRawBufferPointer(rebasing: room[..<count]))) else { return false }
        if count < room.count { break }
      }
      return !session.isOver
    }
  }

  private func headerList(_ request: HTTPRequest) throws(HTTPError) -> HeaderList {
    var list = HeaderList()
    list.add(":method", request.method.rawValue)
    list.add(":scheme", tls == nil ? "http" : "https")
    list.add(":authority", request.url.port.map { "\(request.url.host):\($0)" } ?? request.url.host)
    list.add(":path", request.url.path)
    list.add("user-agent", options.userAgent)
    if let pair = try options.basicCredentials(for: request.url) {
      list.add("authorization", "Basic " + Array(pair.utf8).withByteView { Base64.encode($0) })
    }
    for field in try options.headers(for: request).fields { list.add(field.name.lowercased(), field.value) }
    return list
  }
}

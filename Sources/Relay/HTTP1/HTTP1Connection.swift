import Compression
import OTLP
import Platform

/// The server's side of an HTTP/1.1 connection: one request after the other, each answered before the next is looked at.
final class HTTP1Connection {
  private unowned let connection: Connection
  private let context: ServerContext
  private let isAdmin: Bool

  private enum State {
    case head
    /// The content of a body of known length, of which so much is missing.
    case body(missing: Int)
    case chunked(ChunkedDecoder)
    /// A body that nobody wants: passed over so that the connection can be used again.
    case discarding(missing: Int)
    /// The request is with the receiver, which answers later.
    case waiting
    case ended
  }

  private var state = State.head
  private var head = RequestHead()
  private var target: (signal: OTLPSignal, format: PayloadFormat, coding: ContentEncoding)?
  private var body = ByteBuffer(capacity: 16)
  /// Input that belongs to a head not yet complete, or to requests after the one under way.
  private var pending = ByteBuffer(capacity: 16)
  private var searched = 0
  private var held = 0
  /// When the request under way began; before its first byte, when the connection fell idle.
  private var began: Int64
  private var reply: ServerResponse?

  init(_ connection: Connection, isAdmin: Bool) {
    self.connection = connection
    self.isAdmin = isAdmin
    context = connection.context
    began = connection.loop.now
  }

  /// Takes in bytes as they came.
  func receive(_ bytes: ByteView) {
    if pending.isEmpty, !isWaiting {
      let used = process(bytes)
      pending.append(bytes.dropFirst(used))
    } else {
      pending.append(bytes)
      processPending()
    }
    if isWaiting, pending.count > 64 << 10 { connection.setReading(false) }
  }

  /// Reads straight into the body while one of known length is being received, which saves a copy; `nil` when the bytes
  /// to come are not such a body's.
  func readBody(from transport: any Transport) -> IOResult? {
    guard case .body(let missing) = state, missing >= 8 << 10, pending.isEmpty else { return nil }
    var result = IOResult.closed
    body.append(upTo: min(missing, 256 << 10)) { room in
      result = transport.read(into: room)
      if case .bytes(let count) = result { return count }
      return 0
    }
    if case .bytes(let count) = result { tookBody(count, missing: missing) }
    return result
  }

  private var isWaiting: Bool {
    if case .waiting = state { return true }
    return false
  }

  private func processPending() {
    guard !pending.isEmpty, !isWaiting else { return }
    var work = ByteBuffer(capacity: 16)
    swap(&work, &pending)
    let used = process(work.view)
    pending.append(work.view.dropFirst(used))
  }

  /// Goes on with `bytes` as far as they reach and returns how many were used.
  private func process(_ bytes: ByteView) -> Int {
    var position = 0
    while position < bytes.count {
      let rest = bytes.dropFirst(position)
      switch state {
      case .ended: return bytes.count
      case .waiting: return position
      case .head:
        guard let used = readHead(rest) else { return position }
        position += used
      case .body(let missing):
        let part = rest.prefix(missing)
        body.append(part)
        position += part.count
        tookBody(part.count, missing: missing)
      case .discarding(let missing):
        let part = min(missing, rest.count)
        position += part
        state = .discarding(missing: missing - part)
        if part == missing, let reply { respond(reply) }
      case .chunked(var decoder):
        let before = body.count
        do throws(ChunkedDecoder.Failure) {
          position += try decoder.decode(rest, into: &body, limit: context.limits.maxRequest)
        } catch {
          refuse(
            error == .tooLarge ? tooLarge : Refusal(.malformed, "the chunks of the body are malformed"),
            keepAlive: false)
          return bytes.count
        }
        state = .chunked(decoder)
        if !hold(body.count - before) { return bytes.count }
        if decoder.isDone { dispatch() }
      }
    }
    return position
  }

  /// Reads a head; `nil` when it is not complete yet.
  private func readHead(_ bytes: ByteView) -> Int? {
    if searched == 0 { began = connection.loop.now }
    switch HTTP1HeadParser.parse(bytes, searched: searched, limits: context.limits) {
    case .incomplete:
      searched = bytes.count
      return nil
    case .refused(let refusal):
      head = RequestHead()
      searched = 0
      let (kind, message): (Refusal.Kind, String) =
        switch refusal {
        case .malformed: (.malformed, "malformed HTTP/1.1 request")
        case .tooLarge: (.headerTooLarge, "the header of the request is too large")
        case .unsupportedVersion: (.unsupportedVersion, "only HTTP/1.1 and HTTP/2 are spoken here")
        case .unsupportedTransferEncoding: (.malformed, "the only transfer encoding is chunked")
        }
      refuse(Refusal(kind, message), keepAlive: false)
      return bytes.count
    case .complete(let head, let used):
      searched = 0
      began = connection.loop.now
      self.head = head
      begin()
      return used
    }
  }

  private var tooLarge: Refusal {
    Refusal(.tooLarge, "the request is larger than \(context.limits.maxRequest) bytes")
  }

  /// The head is known: decides on the body.
  private func begin() {
    if isAdmin {
      let isRead = head.method == "GET" || head.method == "HEAD"
      var response = isRead ? context.admin(head.path) : ServerResponse(status: 405)
      if !isRead { response.fields = [("allow", "GET, HEAD")] }
      return answerBeforeBody(response)
    }
    switch context.router.route(http: head) {
    case .preflight:
      answerBeforeBody(.preflight(origin: head.origin ?? "", headers: head.requestedHeaders))
    case .refused(let refusal):
      refuseBeforeBody(refusal)
    case .export(let signal, let format, let coding):
      target = (signal, format, coding)
      if connection.loop.isDraining {
        return refuseBeforeBody(Refusal(.stopping, "the relay is stopping", retryAfter: 1))
      }
      let length = head.contentLength ?? 0
      if length > context.limits.maxRequest { return refuseBeforeBody(tooLarge) }
      if head.expectsContinue, head.isChunked || length > 0 {
        connection.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
      }
      // Room is made as bytes arrive, up to 1 MiB ahead of them: a length alone costs nothing.
      body = ByteBuffer(capacity: min(length, 1 << 20))
      if head.isChunked {
        state = .chunked(ChunkedDecoder())
      } else if length > 0 {
        state = .body(missing: length)
      } else {
        dispatch()
      }
    }
  }

  private func tookBody(_ count: Int, missing: Int) {
    state = .body(missing: missing - count)
    if !hold(count) { return }
    if count == missing { dispatch() }
  }

  /// Counts bytes of the body against what all unfinished bodies may hold.
  private func hold(_ count: Int) -> Bool {
    held += count
    if context.hold(count) { return true }
    refuse(
      Refusal(.overloaded, "too many requests are being received at once", retryAfter: 1), keepAlive: false)
    return false
  }

  /// The body is complete: hands the request to the receiver.
  private func dispatch() {
    releaseBody()
    guard let target else { return }
    var taken = ByteBuffer(capacity: 16)
    swap(&taken, &body)
    state = .waiting
    let ticket = Ticket(loop: connection.loop, connection: connection.id, stream: 0)
    let source = RequestSource(signal: target.signal, transport: .http, began: began)
    let answer = context.receiver.receive(
      taken, source, format: target.format, coding: target.coding, workspace: connection.loop.workspace,
      ticket: ticket)
    if let answer { finish(answer) }
  }

  /// The receiver's late answer.
  func complete(_ reply: Reply) {
    guard isWaiting else { return }
    finish(reply)
    processPending()
    if !isWaiting { connection.setReading(true) }
  }

  private func finish(_ reply: Reply) {
    respond(ServerResponse(reply, target?.format ?? .protobuf))
  }

  private func releaseBody() {
    context.release(held)
    held = 0
  }

  private func refuseBeforeBody(_ refusal: Refusal) {
    context.counters.refused(refusal, signal: OTLPSignal(httpPath: head.path), transport: .http)
    answerBeforeBody(ServerResponse(.refused(refusal), context.router.errorFormat(head)))
  }

  /// Answers without wanting the body: a short one is passed over, for a long one the connection is given up.
  private func answerBeforeBody(_ response: ServerResponse) {
    let length = head.contentLength ?? 0
    if head.isChunked || length > 1 << 20 {
      respond(response, keepAlive: false)
    } else if length > 0, !head.expectsContinue {
      reply = response
      state = .discarding(missing: length)
    } else {
      // With `Expect` the client may or may not send the body: only a new connection is unambiguous.
      respond(response, keepAlive: length == 0 && head.keepsAlive)
    }
  }

  private func refuse(_ refusal: Refusal, keepAlive: Bool) {
    context.counters.refused(refusal, signal: target?.signal, transport: .http)
    respond(ServerResponse(.refused(refusal), target?.format ?? context.router.errorFormat(head)), keepAlive: keepAlive)
  }

  private func respond(_ response: ServerResponse, keepAlive: Bool? = nil) {
    releaseBody()
    var response = response
    response.allow(origin: response.status == 204 ? nil : context.router.allowedOrigin(head))
    let keepAlive = (keepAlive ?? head.keepsAlive) && !connection.loop.isDraining
    connection.send(response.http1(keepAlive: keepAlive, omitBody: head.method == "HEAD"))
    reply = nil
    target = nil
    body = ByteBuffer(capacity: 16)
    began = connection.loop.now
    if keepAlive {
      state = .head
    } else {
      state = .ended
      connection.closeAfterOutput()
    }
  }

  /// The connection is gone.
  func end() {
    releaseBody()
    state = .ended
  }

  func drain() {
    if case .head = state, pending.isEmpty { connection.close() }
  }

  /// Ends a request that takes too long to arrive, and a connection that nobody uses.
  func check(_ now: Int64) {
    let limits = context.limits
    let elapsed = Double(now - began) / 1e9
    switch state {
    case .waiting, .ended: break
    case .head where pending.isEmpty:
      if elapsed > limits.idleTimeout { connection.close() }
    case .head:
      if elapsed > limits.headerTimeout {
        refuse(Refusal(.timeout, "the header of the request took too long"), keepAlive: false)
      }
    case .body, .chunked, .discarding:
      if elapsed > limits.bodyTimeout + Double(body.count) / 1024 {
        refuse(Refusal(.timeout, "the body of the request took too long"), keepAlive: false)
      }
    }
  }
}

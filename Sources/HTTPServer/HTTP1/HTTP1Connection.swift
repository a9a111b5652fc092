import Platform

/// The server's side of an HTTP/1.1 connection: one request after the other, each answered before the next is looked at.
final class HTTP1Connection {
  private let output: ConnectionOutput
  private let context: ConnectionContext

  private enum State {
    case head
    /// The content of a body of known length, of which so much is missing.
    case body(missing: Int)
    case chunked(ChunkedDecoder)
    /// A body that nobody wants: passed over so that the connection can be used again.
    case discarding(missing: Int)
    /// The request is with the handler, which answers later.
    case waiting
    case ended
  }

  private var state = State.head
  private var head = RequestHead()
  /// What takes the body.
  private var taker: ((consuming ByteBuffer, WholeRequest) -> ServerResponse?)?
  private var body = ByteBuffer(capacity: 16)
  /// Input that belongs to a head not yet complete, or to requests after the one under way.
  private var pending = ByteBuffer(capacity: 16)
  private var searched = 0
  private var held = 0
  /// When the request under way began; before its first byte, when the connection fell idle.
  private var began: Int64
  /// The answer to a request whose body is being passed over.
  private var answer: ServerResponse?

  init(_ output: ConnectionOutput, _ context: ConnectionContext) {
    self.output = output
    self.context = context
    began = context.loop.now
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
    if isWaiting, pending.count > 64 << 10 { output.pausesInput = true }
  }

  /// Reads straight into the body while one of known length is being received, which saves a copy; `nil` when the bytes
  /// to come are not such a body's.
  func readBody(from channel: any Channel) -> IOResult? {
    guard case .body(let missing) = state, missing >= 8 << 10, pending.isEmpty else { return nil }
    var result = IOResult.closed
    body.append(upTo: min(missing, 256 << 10)) { room in
      result = channel.read(into: room)
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
        if part == missing, let answer { respond(answer) }
      case .chunked(var decoder):
        let before = body.count
        do throws(ChunkedDecoder.Failure) {
          position += try decoder.decode(rest, into: &body, limit: context.limits.maxRequest)
        } catch {
          refuse(error == .tooLarge ? tooLarge : .malformed("the chunks of the body are malformed"))
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
    if searched == 0 { began = context.loop.now }
    switch HTTP1HeadParser.parse(bytes, searched: searched, limits: context.limits) {
    case .incomplete:
      searched = bytes.count
      return nil
    case .refused(let fault):
      head = RequestHead()
      searched = 0
      refuse(fault)
      return bytes.count
    case .complete(let head, let used):
      searched = 0
      began = context.loop.now
      self.head = head
      begin()
      return used
    }
  }

  private var tooLarge: RequestFault { .bodyTooLarge(limit: context.limits.maxRequest) }

  /// The head is known: decides on the body.
  private func begin() {
    switch context.handler.begin(head) {
    case .answer(let response): answerBeforeBody(response)
    case .read(let taker):
      self.taker = taker
      if context.loop.isDraining { return answerBeforeBody(context.handler.refuse(head, .stopping)) }
      let length = head.contentLength ?? 0
      if length > context.limits.maxRequest { return answerBeforeBody(context.handler.refuse(head, tooLarge)) }
      if head.expectsContinue, head.isChunked || length > 0 {
        output.send("HTTP/1.1 100 Continue\r\n\r\n")
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
    if context.service.hold(count) { return true }
    refuse(.overloaded)
    return false
  }

  /// The body is complete: hands the request to the handler.
  private func dispatch() {
    releaseBody()
    guard let taker else { return }
    self.taker = nil
    var taken = ByteBuffer(capacity: 16)
    swap(&taken, &body)
    state = .waiting
    let ticket = ResponseTicket(mailbox: context.loop.mailbox, connection: output.id, stream: 0)
    if let response = taker(taken, WholeRequest(began: began, isEncoded: true, ticket: ticket)) { respond(response) }
  }

  /// The handler's late answer.
  func complete(_ response: ServerResponse) {
    guard isWaiting else { return }
    respond(response)
    processPending()
    if !isWaiting { output.pausesInput = false }
  }

  private func releaseBody() {
    context.service.release(held)
    held = 0
  }

  /// Answers without wanting the body: a short one is passed over, for a long one the connection is given up.
  private func answerBeforeBody(_ response: ServerResponse) {
    let length = head.contentLength ?? 0
    if head.isChunked || length > 1 << 20 {
      respond(response, keepAlive: false)
    } else if length > 0, !head.expectsContinue {
      answer = response
      state = .discarding(missing: length)
    } else {
      // With `Expect` the client may or may not send the body: only a new connection is unambiguous.
      respond(response, keepAlive: length == 0 && head.keepsAlive)
    }
  }

  /// Gives up the request, and the connection with it.
  private func refuse(_ fault: RequestFault) {
    respond(context.handler.refuse(head, fault), keepAlive: false)
  }

  private func respond(_ response: ServerResponse, keepAlive: Bool? = nil) {
    releaseBody()
    let keepAlive = (keepAlive ?? head.keepsAlive) && !context.loop.isDraining
    let date = context.loop.date
    output.send { response.write(keepAlive: keepAlive, omitBody: head.method == "HEAD", date: date, into: &$0) }
    answer = nil
    taker = nil
    body = ByteBuffer(capacity: 16)
    began = context.loop.now
    if keepAlive {
      state = .head
    } else {
      state = .ended
      output.closeAfterSending()
    }
  }

  /// The connection is gone.
  func end() {
    releaseBody()
    state = .ended
  }

  /// Whether no request is under way.
  var isIdle: Bool {
    if case .head = state { return pending.isEmpty }
    return false
  }

  func drain() {
    if isIdle { output.closeNow() }
  }

  /// Ends a request that takes too long to arrive, and a connection that nobody uses.
  func check(_ now: Int64) {
    let elapsed = now - began
    switch state {
    case .waiting, .ended: break
    case .head where pending.isEmpty:
      if elapsed > context.limits.idleTimeout.nanoseconds { output.closeNow() }
    case .head:
      if elapsed > context.limits.headerTimeout.nanoseconds {
        refuse(.timeout("the header of the request took too long"))
      }
    case .body, .chunked, .discarding:
      if elapsed > context.limits.bodyTime(received: body.count) {
        refuse(.timeout("the body of the request took too long"))
      }
    }
  }
}

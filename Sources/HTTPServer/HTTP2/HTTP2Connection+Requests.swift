import CNghttp2
import Platform

/// From a stream's header and data to a request, and from a response to frames.
extension HTTP2Connection {
  /// `false` gives up the connection.
  func header(_ id: Int32, _ name: ByteView, _ value: ByteView) -> Bool {
    guard let stream = streams[id], stream.phase == .header else { return true }
    stream.headerBytes += name.count + value.count + 32
    stream.headerFields += 1
    if stream.headerBytes > context.limits.maxHeader || stream.headerFields > context.limits.maxHeaderFields {
      stream.fault = .headerTooLarge
      // A byte can stand for a whole field, which costs the client next to nothing.
      return stream.headerFields % context.limits.maxHeaderFields != 0 || charge(50)
    } else if name.equals(":method") {
      stream.head.method = String(value)
    } else if name.equals(":path") {
      stream.head.setTarget(value)
    } else {
      do { try stream.head.set(name, value) } catch {
        stream.fault = .malformed("a field of the header contradicts another")
      }
    }
    return true
  }

  /// The header is complete: decides what becomes of the stream.
  func begin(_ stream: HTTP2Stream) {
    stream.phase = .body
    if let fault = stream.fault { return refuse(stream, fault) }
    if let timeout = stream.head.grpcTimeout.flatMap(GRPCText.timeout) {
      stream.deadline = stream.began.addingSaturating(timeout)
    }
    switch context.handler.begin(stream.head) {
    case .answer(let response): answerBeforeEnd(stream, response)
    case .read(let taker):
      stream.taker = taker
      guard let length = stream.head.contentLength else { return }
      if length > context.limits.maxRequest { return refuse(stream, tooLarge) }
      if !stream.head.isGRPC { stream.body.reserve(min(length, 1 << 20)) }
    }
  }

  private var tooLarge: RequestFault { .bodyTooLarge(limit: context.limits.maxRequest) }

  func data(_ id: Int32, _ bytes: ByteView) {
    guard let stream = streams[id] else { return }
    if stream.phase == .discarding { return discard(stream, bytes.count) }
    guard stream.phase == .body else { return }
    stream.held += bytes.count
    if !context.service.hold(bytes.count) { return refuse(stream, .overloaded) }
    if stream.head.isGRPC {
      do throws(GRPCMessageReader.Failure) {
        try stream.message.append(bytes, limit: context.limits.maxRequest)
      } catch {
        refuse(stream, error == .tooLarge ? tooLarge : .malformed("malformed gRPC message framing"))
      }
    } else if stream.body.count + bytes.count > context.limits.maxRequest {
      refuse(stream, tooLarge)
    } else {
      stream.body.append(bytes)
    }
  }

  /// The client has sent all of the request: hands it to the handler.
  func finishRequest(_ stream: HTTP2Stream) {
    stream.hasEnded = true
    if stream.phase == .discarding, let answer = stream.answer { return submit(stream, answer) }
    guard stream.phase == .body, let taker = stream.taker else { return }
    release(stream)
    if monotonicNanoseconds() > stream.deadline { return refuse(stream, .deadlineExceeded) }
    var isEncoded = true
    var body = ByteBuffer(capacity: 16)
    if stream.head.isGRPC {
      guard stream.message.isComplete else {
        return refuse(stream, .malformed("the call ended before its message did"))
      }
      isEncoded = stream.message.isCompressed
      body = stream.message.take()
    } else {
      swap(&body, &stream.body)
    }
    stream.phase = .waiting
    stream.taker = nil
    let ticket = ResponseTicket(mailbox: context.loop.mailbox, connection: output.id, stream: stream.id)
    let request = WholeRequest(began: stream.began, isEncoded: isEncoded, ticket: ticket)
    if let response = taker(body, request) { submit(stream, response) }
  }

  /// The handler's late answer.
  func complete(_ id: Int32, _ response: ServerResponse) {
    guard let stream = streams[id], stream.phase == .waiting else { return }
    submit(stream, response)
  }

  func release(_ stream: HTTP2Stream) {
    context.service.release(stream.held)
    stream.held = 0
  }

  /// Gives up a request.
  func refuse(_ stream: HTTP2Stream, _ fault: RequestFault) {
    answerBeforeEnd(stream, context.handler.refuse(stream.head, fault))
  }

  /// Answers what the handler did not read. Most clients only look at the answer when they have sent everything.
  private func answerBeforeEnd(_ stream: HTTP2Stream, _ response: ServerResponse) {
    if stream.hasEnded || stream.phase == .discarding || stream.phase == .waiting {
      return submit(stream, response)
    }
    release(stream)
    stream.taker = nil
    stream.message = GRPCMessageReader()
    stream.body = ByteBuffer(capacity: 16)
    stream.answer = response
    stream.phase = .discarding
  }

  /// Passes over bytes of a refused request; a client that does not stop is told so.
  private func discard(_ stream: HTTP2Stream, _ count: Int) {
    stream.discarded += count
    guard stream.discarded > 4 << 20, let answer = stream.answer else { return }
    submit(stream, answer)
  }

  /// Answers: with header, content and trailers, or where there is no content, with one block of fields.
  private func submit(_ stream: HTTP2Stream, _ response: ServerResponse) {
    release(stream)
    stream.phase = .answered
    var list = FieldList()
    list.add(":status", String(response.status))
    if !stream.head.isGRPC { list.add("date", context.loop.date) }
    list.add(response.fields)
    if response.trailers.isEmpty, response.status != 204 {
      list.add("content-length", String(response.body.count))
    }
    if stream.head.method != "HEAD" { stream.content = response.body }
    if stream.content.isEmpty {
      list.add(response.trailers)
      return list.withFields { fields, count in
        _ = nghttp2_submit_response(session, stream.id, fields, count, nil)
      }
    }
    stream.trailers = response.trailers
    var provider = nghttp2_data_provider()
    provider.read_callback = HTTP2Callbacks.readContent
    list.withFields { fields, count in
      _ = nghttp2_submit_response(session, stream.id, fields, count, &provider)
    }
  }

  /// Copies what is next of a stream's response, and says whether that was the last of it and ends the stream.
  func readContent(
    _ id: Int32, into buffer: UnsafeMutableRawBufferPointer
  ) -> (count: Int, isLast: Bool, endsStream: Bool) {
    guard let stream = streams[id] else { return (0, true, true) }
    let part = stream.content[stream.contentSent...].prefix(buffer.count)
    buffer.copyBytes(from: part)
    stream.contentSent += part.count
    let isLast = stream.contentSent == stream.content.count
    if isLast, !stream.trailers.isEmpty {
      var trailers = FieldList()
      trailers.add(stream.trailers)
      trailers.withFields { _ = nghttp2_submit_trailer(session, id, $0, $1) }
    }
    return (part.count, isLast, stream.trailers.isEmpty)
  }
}

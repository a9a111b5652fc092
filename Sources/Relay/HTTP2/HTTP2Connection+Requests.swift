import CNghttp2
import Compression
import Platform
import Transport

/// From a stream's header and data to a request, and from a reply to frames.
extension HTTP2Connection {
  /// `false` gives up the connection.
  func header(_ id: Int32, _ name: ByteView, _ value: ByteView) -> Bool {
    guard let stream = streams[id], stream.phase == .header else { return true }
    stream.headerBytes += name.count + value.count + 32
    stream.headerFields += 1
    if stream.headerBytes > context.limits.maxHeader || stream.headerFields > context.limits.maxHeaderFields {
      stream.isRefusedHeader = true
      // A byte can stand for a whole field, which costs the client next to nothing.
      return stream.headerFields % context.limits.maxHeaderFields != 0 || charge(50)
    } else if name.equals(":method") {
      stream.head.method = String(value)
    } else if name.equals(":path") {
      stream.head.setTarget(value)
    } else {
      do { try stream.head.set(name, value) } catch { stream.isRefusedHeader = true }
    }
    return true
  }

  /// The header is complete: decides what becomes of the stream.
  func begin(_ stream: HTTP2Stream) {
    stream.phase = .body
    if stream.isRefusedHeader {
      return refuse(stream, Refusal(.headerTooLarge, "the header of the request cannot be accepted"))
    }
    if let timeout = stream.head.grpcTimeout.flatMap(GRPCText.timeout) {
      let (deadline, overflow) = stream.began.addingReportingOverflow(timeout)
      if !overflow { stream.deadline = deadline }
    }
    let isGRPC = stream.head.isGRPC
    switch isGRPC ? context.router.route(grpc: stream.head) : context.router.route(http: stream.head) {
    case .preflight:
      stream.phase = .answered
      submit(stream, .preflight(origin: stream.head.origin ?? "", headers: stream.head.requestedHeaders))
    case .refused(let refusal): refuse(stream, refusal)
    case .export(let signal, let format, let coding):
      stream.target = (signal, format, coding)
      guard let length = stream.head.contentLength else { return }
      if length > context.limits.maxRequest { return refuse(stream, tooLarge) }
      if !isGRPC { stream.body.reserve(min(length, 1 << 20)) }
    }
  }

  private var tooLarge: Refusal {
    Refusal(.tooLarge, "the request is larger than \(context.limits.maxRequest) bytes")
  }

  func data(_ id: Int32, _ bytes: ByteView) {
    guard let stream = streams[id] else { return }
    if stream.phase == .discarding { return discard(stream, bytes.count) }
    guard stream.phase == .body else { return }
    stream.held += bytes.count
    if !context.hold(bytes.count) {
      return refuse(stream, Refusal(.overloaded, "too many requests are being received at once", retryAfter: 1))
    }
    if stream.head.isGRPC {
      do throws(GRPCMessageReader.Failure) {
        try stream.message.append(bytes, limit: context.limits.maxRequest)
      } catch {
        refuse(stream, error == .tooLarge ? tooLarge : Refusal(.malformed, "malformed gRPC message framing"))
      }
    } else if stream.body.count + bytes.count > context.limits.maxRequest {
      refuse(stream, tooLarge)
    } else {
      stream.body.append(bytes)
    }
  }

  /// The client has sent all of the request: hands it to the receiver.
  func finishRequest(_ stream: HTTP2Stream) {
    stream.hasEnded = true
    if stream.phase == .discarding, let refusal = stream.refusal { return submit(stream, .refused(refusal)) }
    guard stream.phase == .body, let target = stream.target else { return }
    release(stream)
    if monotonicNanoseconds() > stream.deadline {
      return refuse(stream, Refusal(.deadlineExceeded, "the deadline passed while the request was being sent"))
    }
    var coding = target.coding
    var body = ByteBuffer(capacity: 16)
    if stream.head.isGRPC {
      guard stream.message.isComplete else {
        return refuse(stream, Refusal(.malformed, "the call ended before its message did"))
      }
      if !stream.message.isCompressed { coding = .identity }
      body = stream.message.take()
    } else {
      swap(&body, &stream.body)
    }
    stream.phase = .waiting
    let answer = context.receiver.receive(
      body,
      RequestSource(signal: target.signal, transport: stream.head.isGRPC ? .grpc : .http, began: stream.began),
      format: target.format, coding: coding, workspace: connection.loop.workspace,
      ticket: Ticket(loop: connection.loop, connection: connection.id, stream: stream.id))
    if let answer { submit(stream, answer) }
  }

  /// The receiver's late answer.
  func complete(_ id: Int32, _ reply: Reply) {
    guard let stream = streams[id], stream.phase == .waiting else { return }
    submit(stream, reply)
  }

  func release(_ stream: HTTP2Stream) {
    context.release(stream.held)
    stream.held = 0
  }

  /// Answers what the receiver never saw.
  func refuse(_ stream: HTTP2Stream, _ refusal: Refusal) {
    context.counters.refused(
      refusal, signal: stream.target?.signal, transport: stream.head.isGRPC ? .grpc : .http)
    if stream.hasEnded || stream.phase == .discarding || stream.phase == .waiting {
      submit(stream, .refused(refusal))
    } else {
      release(stream)
      stream.message = GRPCMessageReader()
      stream.body = ByteBuffer(capacity: 16)
      stream.refusal = refusal
      stream.phase = .discarding
    }
  }

  /// Passes over bytes of a refused request; a client that does not stop is told so.
  private func discard(_ stream: HTTP2Stream, _ count: Int) {
    stream.discarded += count
    guard stream.discarded > 4 << 20, let refusal = stream.refusal else { return }
    submit(stream, .refused(refusal))
  }

  private func submit(_ stream: HTTP2Stream, _ reply: Reply) {
    if stream.head.isGRPC {
      submitCall(stream, reply)
    } else {
      submit(stream, ServerResponse(reply, stream.target?.format ?? context.router.errorFormat(stream.head)))
    }
  }

  /// Answers an OTLP/HTTP request.
  private func submit(_ stream: HTTP2Stream, _ response: ServerResponse) {
    release(stream)
    stream.phase = .answered
    var response = response
    if response.status != 204 { response.allow(origin: context.router.allowedOrigin(stream.head)) }
    var list = HeaderList()
    list.add(":status", String(response.status))
    for (name, value) in response.fields { list.add(name.description, value) }
    list.add("content-length", String(response.body.count))
    stream.response = stream.head.method == "HEAD" ? [] : response.body
    respond(stream, list)
  }

  /// Answers a gRPC call: header, message and trailer, or for a refusal the trailer alone.
  private func submitCall(_ stream: HTTP2Stream, _ reply: Reply) {
    release(stream)
    stream.phase = .answered
    var list = HeaderList()
    list.add(":status", "200")
    list.add("content-type", "application/grpc")
    switch reply {
    case .accepted(let warning):
      let message = StatusMessage.success(warning: warning, .protobuf)
      let size = UInt32(truncatingIfNeeded: message.count)
      stream.response = [0] + (0..<4).map { UInt8(truncatingIfNeeded: size >> UInt32(24 - 8 * $0)) } + message
      stream.hasTrailers = true
    case .refused(let refusal):
      list.add("grpc-status", String(refusal.grpcStatus.rawValue))
      list.add("grpc-message", GRPCText.percentEncoded(refusal.message))
      if refusal.kind == .unsupportedCoding { list.add("grpc-accept-encoding", "\(ContentEncoding.accepted)") }
      if let seconds = refusal.retryAfter {
        list.add("grpc-status-details-bin", GRPCText.retryDetails(refusal, seconds: seconds))
      }
    }
    respond(stream, list)
  }

  private func respond(_ stream: HTTP2Stream, _ list: HeaderList) {
    var provider = nghttp2_data_provider()
    provider.read_callback = HTTP2Callbacks.readResponse
    _ = list.withFields { fields, count in
      stream.response.isEmpty
        ? nghttp2_submit_response(session, stream.id, fields, count, nil)
        : nghttp2_submit_response(session, stream.id, fields, count, &provider)
    }
  }

  /// Copies what is next of a stream's response, and says whether that was the last of it and ends the stream.
  func readResponse(
    _ id: Int32, into buffer: UnsafeMutableRawBufferPointer
  ) -> (count: Int, isLast: Bool, endsStream: Bool) {
    guard let stream = streams[id] else { return (0, true, true) }
    let part = stream.response[stream.responseSent...].prefix(buffer.count)
    buffer.copyBytes(from: part)
    stream.responseSent += part.count
    let isLast = stream.responseSent == stream.response.count
    if isLast, stream.hasTrailers {
      var trailers = HeaderList()
      trailers.add("grpc-status", "0")
      _ = trailers.withFields { nghttp2_submit_trailer(session, id, $0, $1) }
    }
    return (part.count, isLast, !stream.hasTrailers)
  }
}

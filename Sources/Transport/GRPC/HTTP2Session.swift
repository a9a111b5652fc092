import CNghttp2
import Platform

/// The client's side of an HTTP/2 session on nghttp2: one exchange at a time, bytes in and bytes out. It knows no socket.
///
/// Invariant: nghttp2's user data is this object, unretained; the session is deleted in `deinit`, so that no callback
/// can come after it. Callbacks run only inside `receive` and `produce`.
final class HTTP2Session {
  private var session: OpaquePointer?
  /// What is to be written to the socket.
  private(set) var output = ByteBuffer(capacity: 64 << 10)
  private var exchange: HTTP2Exchange?
  private var stream: Int32 = 0
  /// The server has said that it takes no further requests.
  fileprivate(set) var isClosing = false

  /// Output is produced up to this many bytes ahead of the socket.
  private static let outputLimit = 256 << 10

  /// `nil` when memory is short.
  init?() {
    guard let callbacks = HTTP2SessionCallbacks.make() else { return nil }
    defer { nghttp2_session_callbacks_del(callbacks) }
    guard nghttp2_session_client_new(&session, callbacks, Unmanaged.passUnretained(self).toOpaque()) == 0 else {
      return nil
    }
    let settings = [
      nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: 64 << 10),
    ]
    nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
  }

  deinit { nghttp2_session_del(session) }

  /// Whether another exchange can begin.
  var isUsable: Bool { !isClosing && nghttp2_session_check_request_allowed(session) != 0 }

  /// Begins an exchange; `false` when the session does not take it.
  func begin(_ exchange: HTTP2Exchange, _ fields: HeaderList) -> Bool {
    self.exchange = exchange
    var provider = nghttp2_data_provider()
    provider.read_callback = HTTP2SessionCallbacks.read
    stream = fields.withFields { list, count in
      nghttp2_submit_request(session, nil, list, count, &provider, nil)
    }
    return stream > 0
  }

  /// Gives up the exchange that is under way.
  func abandon() {
    if stream > 0 {
      nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, NGHTTP2_CANCEL.rawValue)
    }
    exchange = nil
    stream = 0
  }

  /// Takes bytes from the server; `false` when they are no HTTP/2.
  func receive(_ bytes: ByteView) -> Bool {
    nghttp2_session_mem_recv(session, bytes.start.assumingMemoryBound(to: UInt8.self), bytes.count) >= 0
  }

  /// Fills `output` as far as its limit and the server's flow control allow; `false` when the session is broken.
  func produce() -> Bool { nghttp2_session_send(session) == 0 }

  func consumeOutput(_ count: Int) { output.removeFirst(count) }

  /// The session is over: nothing is to be read or written any more.
  var isOver: Bool { nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0 }

  fileprivate func write(_ bytes: ByteView) -> Bool {
    guard output.count < HTTP2Session.outputLimit else { return false }
    output.append(bytes)
    return true
  }

  fileprivate func header(_ id: Int32, _ name: ByteView, _ value: ByteView) {
    if id == stream { exchange?.header(String(name), String(value)) }
  }

  fileprivate func data(_ id: Int32, _ bytes: ByteView) {
    if id == stream { exchange?.data(bytes) }
  }

  fileprivate func endAnswer(_ id: Int32) {
    if id == stream { exchange?.isAnswered = true }
  }

  fileprivate func close(_ id: Int32, _ code: UInt32) {
    guard id == stream else { return }
    exchange?.closedWith = code
    exchange = nil
    stream = 0
  }

  /// How many bytes of the body the next DATA frame takes.
  fileprivate func read(_ room: Int) -> (count: Int, isLast: Bool)? {
    guard let exchange else { return nil }
    let count = min(room, exchange.remaining)
    return (count, count == exchange.remaining)
  }

  /// Puts a DATA frame's header and content straight into the output, the only copy that is made of a body.
  fileprivate func sendData(_ header: ByteView, _ count: Int) -> Int32 {
    guard output.count < HTTP2Session.outputLimit else { return Int32(NGHTTP2_ERR_WOULDBLOCK.rawValue) }
    output.append(header)
    guard let exchange, exchange.produce(count, into: &output) else {
      return Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
    }
    return 0
  }
}

/// What nghttp2 calls, each handed on to the session that its user data points to.
private enum HTTP2SessionCallbacks {
  /// The callbacks of a new session, to be freed by the caller; `nil` when memory is short.
  static func make() -> OpaquePointer? {
    var made: OpaquePointer?
    guard nghttp2_session_callbacks_new(&made) == 0, let callbacks = made else { return nil }
    nghttp2_session_callbacks_set_send_callback(callbacks) { _, bytes, count, _, data in
      guard let bytes, let session = owner(data) else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
      return session.write(ByteView(start: bytes, count: count)) ? count : Int(NGHTTP2_ERR_WOULDBLOCK.rawValue)
    }
    nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, _, header, count, _, data in
      guard let header, let session = owner(data) else { return Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
      return session.sendData(ByteView(start: header, count: 9), count)
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      _, frame, name, nameCount, value, valueCount, _, data in
      guard let frame, let name, let value else { return 0 }
      owner(data)?.header(
        frame.pointee.hd.stream_id, ByteView(start: name, count: nameCount), ByteView(start: value, count: valueCount))
      return 0
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, bytes, count, data in
      if let bytes { owner(data)?.data(stream, ByteView(start: bytes, count: count)) }
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, data in
      guard let head = frame?.pointee.hd, let session = owner(data) else { return 0 }
      if head.type == UInt8(NGHTTP2_GOAWAY.rawValue) { session.isClosing = true }
      let carriesAnswer = head.type == UInt8(NGHTTP2_HEADERS.rawValue) || head.type == UInt8(NGHTTP2_DATA.rawValue)
      if carriesAnswer, head.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 { session.endAnswer(head.stream_id) }
      return 0
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, data in
      owner(data)?.close(stream, code)
      return 0
    }
    return callbacks
  }

  static let read: nghttp2_data_source_read_callback = { _, _, _, room, flags, _, data in
    guard let flags, let part = owner(data)?.read(room) else {
      return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
    }
    flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
    if part.isLast { flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue) }
    return part.count
  }
}

private func owner(_ data: UnsafeMutableRawPointer?) -> HTTP2Session? {
  data.map { Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
}

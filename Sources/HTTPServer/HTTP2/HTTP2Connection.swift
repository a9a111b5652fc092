import CNghttp2
import Platform

/// The server's side of an HTTP/2 connection: gRPC calls and other requests as streams.
///
/// This file holds the session's life and its output; `HTTP2Connection+Requests` what becomes of the requests.
final class HTTP2Connection {
  let output: ConnectionOutput
  let context: ConnectionContext
  var streams: [Int32: HTTP2Stream] = [:]
  private(set) var session: OpaquePointer?
  private var lastActivity: Int64
  private var isDraining = false
  private var lastStream: Int32 = 0
  /// Set when the session has failed: nothing more is read.
  private var hasFailed = false
  /// Control frames in the present ten seconds, against floods.
  private var controlFrames = 0
  private var controlWindow: Int64

  /// `nil` when memory is short.
  init?(_ output: ConnectionOutput, _ context: ConnectionContext) {
    self.output = output
    self.context = context
    lastActivity = context.loop.now
    controlWindow = context.loop.now
    guard let callbacks = HTTP2Callbacks.make() else { return nil }
    defer { nghttp2_session_callbacks_del(callbacks) }
    var option: OpaquePointer?
    guard nghttp2_option_new(&option) == 0 else { return nil }
    defer { nghttp2_option_del(option) }
    nghttp2_option_set_max_outbound_ack(option, 500)
    nghttp2_option_set_no_closed_streams(option, 1)
    let data = Unmanaged.passUnretained(self).toOpaque()
    guard nghttp2_session_server_new2(&session, callbacks, data, option) == 0 else { return nil }
    // A window larger than a usual request lets it come without waiting; nghttp2 opens it again as data is consumed.
    let settings = [
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue), value: UInt32(context.limits.maxStreams)),
      nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: 1 << 20),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: UInt32(context.limits.maxHeader)),
    ]
    nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
    nghttp2_session_set_local_window_size(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, 8 << 20)
  }

  deinit { nghttp2_session_del(session) }

  func receive(_ bytes: ByteView) {
    guard !hasFailed else { return }
    lastActivity = context.loop.now
    let taken = nghttp2_session_mem_recv(session, bytes.start.assumingMemoryBound(to: UInt8.self), bytes.count)
    if taken < 0 {
      hasFailed = true
      produce()
      output.closeAfterSending()
    }
  }

  /// Moves what nghttp2 has to send to the connection, a bounded amount at a time.
  func produce() {
    while output.bytes.count < 256 << 10 {
      var bytes: UnsafePointer<UInt8>?
      let count = nghttp2_session_mem_send(session, &bytes)
      guard count > 0, let bytes else { break }
      output.send(ByteView(start: bytes, count: count))
    }
    let isOver = nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
    if isOver || (isDraining && streams.isEmpty) { output.closeAfterSending() }
  }

  func beginStream(_ id: Int32) {
    lastStream = max(lastStream, id)
    if streams[id] == nil { streams[id] = HTTP2Stream(id: id, began: context.loop.now) }
  }

  /// A stream has ended, answered or not.
  func endStream(_ id: Int32) {
    guard let stream = streams.removeValue(forKey: id) else { return }
    release(stream)
  }

  /// The response is out. A client that is still sending is told to stop (RFC 9113, section 8.1).
  func sentResponse(_ id: Int32) {
    guard let stream = streams[id], !stream.hasEnded else { return }
    nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_NO_ERROR.rawValue)
  }

  /// A whole frame has come.
  func received(_ frame: nghttp2_frame_hd) {
    guard let stream = streams[frame.stream_id] else { return }
    let type = UInt32(frame.type)
    if type == NGHTTP2_HEADERS.rawValue, stream.phase == .header { begin(stream) }
    guard type == NGHTTP2_HEADERS.rawValue || type == NGHTTP2_DATA.rawValue,
      frame.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
    else { return }
    // Clients that measure the line send a ping or two with each call: real work buys them that. A request without content
    // is no work.
    if stream.phase == .body, stream.taker != nil, stream.received > 0 { controlFrames = max(controlFrames - 4, 0) }
    finishRequest(stream)
  }

  /// A frame begins, on whatever stream; `false` gives up the connection. Frames that cost the client next to nothing are
  /// welcome in moderation only.
  func began(_ frame: nghttp2_frame_hd) -> Bool {
    switch UInt32(frame.type) {
    case NGHTTP2_HEADERS.rawValue: return true
    case NGHTTP2_DATA.rawValue where frame.length > 0: return true
    default: return charge(1)
    }
  }

  /// Counts what is as good as `cost` control frames; `false` gives up the connection.
  func charge(_ cost: Int) -> Bool {
    let now = context.loop.now
    if now - controlWindow > 10 * Nanoseconds.perSecond {
      controlWindow = now
      controlFrames = 0
    }
    controlFrames += cost
    if controlFrames <= context.limits.maxControlFrames { return true }
    nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM.rawValue)
    context.service.countRefusedConnection()
    return false
  }

  /// The connection is gone.
  func end() {
    for stream in streams.values { release(stream) }
    streams = [:]
    hasFailed = true
  }

  /// Takes no further streams and ends when those under way have been answered.
  func drain() {
    guard !isDraining else { return }
    isDraining = true
    nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), lastStream, NGHTTP2_NO_ERROR.rawValue, nil, 0)
  }

  /// Ends streams that take too long, and a connection that nobody uses.
  func check(_ now: Int64) {
    let limits = context.limits
    for stream in streams.values {
      let elapsed = now - stream.began
      switch stream.phase {
      case .answered:
        // The client neither takes the answer nor ends its side.
        guard elapsed > (limits.bodyTimeout + limits.writeTimeout).nanoseconds else { continue }
        nghttp2_submit_rst_stream(
          session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, NGHTTP2_CANCEL.rawValue)
      case _ where now > stream.deadline: refuse(stream, .deadlineExceeded)
      case .waiting: break
      case .header where elapsed > limits.headerTimeout.nanoseconds,
        .body where elapsed > limits.bodyTime(received: stream.received),
        .discarding where elapsed > limits.bodyTime(received: stream.received):
        refuse(stream, .timeout("the request took too long to arrive"))
      case .header, .body, .discarding: break
      }
    }
    if streams.isEmpty, now - lastActivity > limits.idleTimeout.nanoseconds { drain() }
  }
}

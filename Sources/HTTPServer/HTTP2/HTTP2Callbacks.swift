import CNghttp2
import Platform

/// What nghttp2 calls, each handed on to the connection that its user data points to.
///
/// Invariant: the user data is the `HTTP2Connection` that owns the session, unretained; the session is deleted in that
/// object's `deinit`, so that no callback can come after it.
enum HTTP2Callbacks {
  /// The callbacks of a new session, to be freed by the caller; `nil` when memory is short.
  static func make() -> OpaquePointer? {
    var made: OpaquePointer?
    guard nghttp2_session_callbacks_new(&made) == 0, let callbacks = made else { return nil }
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, frame, data in
      guard let frame, let connection = owner(data) else { return 0 }
      return connection.began(frame.pointee) ? 0 : Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, data in
      if let frame, frame.pointee.hd.type == UInt8(NGHTTP2_HEADERS.rawValue) {
        owner(data)?.beginStream(frame.pointee.hd.stream_id)
      }
      return 0
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      _, frame, name, nameCount, value, valueCount, _, data in
      guard let frame, let name, let value, let connection = owner(data) else { return 0 }
      let goesOn = connection.header(
        frame.pointee.hd.stream_id, ByteView(start: name, count: nameCount), ByteView(start: value, count: valueCount))
      return goesOn ? 0 : Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, bytes, count, data in
      if let bytes { owner(data)?.data(stream, ByteView(start: bytes, count: count)) }
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, data in
      if let frame { owner(data)?.received(frame.pointee.hd) }
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, data in
      if let frame, frame.pointee.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 {
        owner(data)?.sentResponse(frame.pointee.hd.stream_id)
      }
      return 0
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, _, data in
      owner(data)?.endStream(stream)
      return 0
    }
    return callbacks
  }

  /// Hands out the content of a stream's response.
  static let readContent: nghttp2_data_source_read_callback = { _, stream, buffer, length, flags, _, data in
    guard let connection = owner(data), let buffer, let flags else {
      return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
    }
    let part = connection.readContent(stream, into: UnsafeMutableRawBufferPointer(start: buffer, count: length))
    if part.isLast { flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue) }
    if part.isLast, !part.endsStream { flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue) }
    return part.count
  }
}

private func owner(_ data: UnsafeMutableRawPointer?) -> HTTP2Connection? {
  data.map { Unmanaged<HTTP2Connection>.fromOpaque($0).takeUnretainedValue() }
}

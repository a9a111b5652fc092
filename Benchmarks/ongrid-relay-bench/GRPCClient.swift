import CNghttp2
import Platform

/// Sends gRPC calls over one HTTP/2 connection, several at a time.
final class GRPCClient {
  private struct Call {
    let start: Int64
    var sent = 0
    var isTaken = false
  }

  private let wire: Wire
  private let frame: [UInt8]
  private let encoding: String
  private let done: (Int64, Bool) -> Void
  private var session: OpaquePointer?
  private var calls: [Int32: Call] = [:]

  init(_ wire: Wire, template: Template, encoding: String, done: @escaping (Int64, Bool) -> Void) {
    self.wire = wire
    self.encoding = encoding
    self.done = done
    let length = UInt32(template.body.count).bigEndian
    frame = [encoding == "gzip" ? 1 : 0] + withUnsafeBytes(of: length) { Array($0) } + template.body
    var callbacks: OpaquePointer?
    nghttp2_session_callbacks_new(&callbacks)
    nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      _, frame, name, nameCount, value, valueCount, _, data in
      guard let frame, let name, let value, let data else { return 0 }
      let client = Unmanaged<GRPCClient>.fromOpaque(data).takeUnretainedValue()
      if ByteView(start: name, count: nameCount).equals("grpc-status") {
        client.calls[frame.pointee.hd.stream_id]?.isTaken = ByteView(start: value, count: valueCount).equals("0")
      }
      return 0
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, _, data in
      guard let data else { return 0 }
      let client = Unmanaged<GRPCClient>.fromOpaque(data).takeUnretainedValue()
      if let call = client.calls.removeValue(forKey: stream) {
        client.done(monotonicNanoseconds() - call.start, call.isTaken)
      }
      return 0
    }
    nghttp2_session_client_new(&session, callbacks, Unmanaged.passUnretained(self).toOpaque())
    nghttp2_session_callbacks_del(callbacks)
    nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil, 0)
  }

  deinit { nghttp2_session_del(session) }

  /// Keeps `streams` calls under way as long as `next` says so, then waits for the last.
  func run(streams: Int, next: () -> Bool) throws(BenchError) {
    var isOver = false
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      while !isOver, calls.count < streams {
        if next() { submit() } else { isOver = true }
      }
      if isOver, calls.isEmpty { return }
      try flush()
      let count = wire.receive(&buffer)
      if count <= 0 { throw BenchError("connection broke") }
      if nghttp2_session_mem_recv(session, buffer, count) < 0 { throw BenchError("bad HTTP/2") }
    }
  }

  private func submit() {
    let fields = [
      (":method", "POST"), (":scheme", "http"), (":authority", "localhost"),
      (":path", "/opentelemetry.proto.collector.trace.v1.TraceService/Export"), ("content-type", "application/grpc"),
      ("te", "trailers"), ("grpc-encoding", encoding),
    ]
    var provider = nghttp2_data_provider()
    provider.read_callback = { _, stream, target, length, flags, _, data in
      guard let data, let target, let flags else { return 0 }
      let client = Unmanaged<GRPCClient>.fromOpaque(data).takeUnretainedValue()
      return client.read(stream, target, length, flags)
    }
    let id = withHeaderFields(fields) { nghttp2_submit_request(session, nil, $0, $1, &provider, nil) }
    calls[id] = Call(start: monotonicNanoseconds())
  }

  private func read(
    _ stream: Int32, _ target: UnsafeMutablePointer<UInt8>, _ length: Int, _ flags: UnsafeMutablePointer<UInt32>
  ) -> Int {
    guard let sent = calls[stream]?.sent else { return 0 }
    let count = min(length, frame.count - sent)
    frame.withUnsafeBufferPointer { buffer in
      if let base = buffer.baseAddress { target.update(from: base + sent, count: count) }
    }
    calls[stream]?.sent += count
    if sent + count == frame.count { flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
    return count
  }

  private func flush() throws(BenchError) {
    var out = ByteBuffer(capacity: 128 << 10)
    while true {
      var bytes: UnsafePointer<UInt8>?
      let count = nghttp2_session_mem_send(session, &bytes)
      if count > 0, let bytes { out.append(ByteView(start: bytes, count: count)) }
      if count <= 0 || out.count > 100 << 10 {
        if !out.isEmpty, !wire.sendAll(out.view) { throw BenchError("connection broke") }
        out.removeAll()
        if count <= 0 { return }
      }
    }
  }
}

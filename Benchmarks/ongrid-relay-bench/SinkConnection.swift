import CNghttp2
import Compression
import Platform

/// One connection of the sink: HTTP/1.1 or gRPC, by its first bytes.
final class SinkConnection {
  private struct Call {
    var body = [UInt8]()
    var isGzip = false
    var hasAnswered = false
  }

  private let wire: Wire
  private let counter: SpanCounter
  private var decompressor = Decompressor()
  private var scratch = ByteBuffer(capacity: 64 << 10)
  private var session: OpaquePointer?
  private var calls: [Int32: Call] = [:]
  private var hangsUp = false

  init(_ wire: Wire, _ counter: SpanCounter) {
    self.wire = wire
    self.counter = counter
  }

  func serve() {
    var buffer = [UInt8](repeating: 0, count: 256 << 10)
    let first = wire.receive(&buffer)
    guard first > 0 else { return }
    if buffer.starts(with: Array("PRI ".utf8)) {
      serveHTTP2(&buffer, first)
    } else {
      serveHTTP1(&buffer, first)
    }
  }

  private func serveHTTP1(_ buffer: inout [UInt8], _ first: Int) {
    var input = Array(buffer[..<first])
    while true {
      while let end = input.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound {
        let head = String(decoding: input[..<end], as: UTF8.self).lowercased()
        if head.hasPrefix("get /count") {
          let text = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\(counter.value)\n"
          _ = Array(text.utf8).withByteView { wire.sendAll($0) }
          return
        }
        let length =
          head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
          .flatMap { Int($0.dropFirst(15).filter(\.isNumber)) } ?? 0
        if head.contains("100-continue"), input.count == end {
          _ = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8).withByteView { wire.sendAll($0) }
        }
        while input.count < end + length {
          let count = wire.receive(&buffer)
          if count <= 0 { return }
          input += buffer[..<count]
        }
        if let failure = counter.nextFailure() {
          let answer = "HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n"
          guard failure == .refuse, Array(answer.utf8).withByteView({ wire.sendAll($0) }) else { return }
          input.removeFirst(end + length)
          continue
        }
        let isGood = input[end..<end + length].withUnsafeBytes {
          counter.add(ByteView($0), isGzip: head.contains("content-encoding: gzip"), &decompressor, &scratch)
        }
        let answer = "HTTP/1.1 \(isGood ? 200 : 400) X\r\ncontent-length: 0\r\n\r\n"
        guard Array(answer.utf8).withByteView({ wire.sendAll($0) }) else { return }
        input.removeFirst(end + length)
      }
      let count = wire.receive(&buffer)
      if count <= 0 { return }
      input += buffer[..<count]
    }
  }

  private func serveHTTP2(_ buffer: inout [UInt8], _ first: Int) {
    var callbacks: OpaquePointer?
    nghttp2_session_callbacks_new(&callbacks)
    nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      _, frame, name, nameCount, value, valueCount, _, data in
      guard let frame, let name, let value, let data else { return 0 }
      let sink = Unmanaged<SinkConnection>.fromOpaque(data).takeUnretainedValue()
      if ByteView(start: name, count: nameCount).equals("grpc-encoding") {
        sink.calls[frame.pointee.hd.stream_id, default: Call()].isGzip =
          ByteView(start: value, count: valueCount).equals("gzip")
      }
      return 0
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, bytes, count, data in
      guard let bytes, let data else { return 0 }
      let sink = Unmanaged<SinkConnection>.fromOpaque(data).takeUnretainedValue()
      sink.calls[stream, default: Call()].body.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, data in
      guard let frame, let data else { return 0 }
      if frame.pointee.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 {
        Unmanaged<SinkConnection>.fromOpaque(data).takeUnretainedValue().answer(frame.pointee.hd.stream_id)
      }
      return 0
    }
    nghttp2_session_server_new(&session, callbacks, Unmanaged.passUnretained(self).toOpaque())
    nghttp2_session_callbacks_del(callbacks)
    defer { nghttp2_session_del(session) }
    var settings = nghttp2_settings_entry(
      settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: 8 << 20)
    nghttp2_submit_settings(session, 0, &settings, 1)
    nghttp2_session_set_local_window_size(session, 0, 0, 16 << 20)
    var count = first
    while count > 0 {
      if nghttp2_session_mem_recv(session, buffer, count) < 0 || hangsUp { return }
      while true {
        var bytes: UnsafePointer<UInt8>?
        let ready = nghttp2_session_mem_send(session, &bytes)
        guard ready > 0, let bytes else { break }
        if !wire.sendAll(ByteView(start: bytes, count: ready)) { return }
      }
      count = wire.receive(&buffer)
    }
  }

  private func answer(_ stream: Int32) {
    guard let call = calls.removeValue(forKey: stream) else { return }
    let failure = counter.nextFailure()
    if failure == .hangUp { hangsUp = true }
    var isGood = call.body.count >= 5 && failure == nil
    if isGood {
      isGood = call.body.withByteView {
        counter.add($0.dropFirst(5), isGzip: call.body[0] == 1 && call.isGzip, &decompressor, &scratch)
      }
    }
    var provider = nghttp2_data_provider()
    provider.read_callback = { session, stream, target, _, flags, _, _ in
      guard let target, let flags else { return 0 }
      target.update(repeating: 0, count: 5)
      flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
      _ = withHeaderFields([("grpc-status", "0")]) { nghttp2_submit_trailer(session, stream, $0, $1) }
      return 5
    }
    if isGood {
      _ = withHeaderFields([(":status", "200"), ("content-type", "application/grpc")]) {
        nghttp2_submit_response(session, stream, $0, $1, &provider)
      }
    } else {
      _ = withHeaderFields([
        (":status", "200"), ("content-type", "application/grpc"), ("grpc-status", failure == nil ? "3" : "14"),
      ]) {
        nghttp2_submit_response(session, stream, $0, $1, nil)
      }
    }
  }
}

import Platform
import Transport

@testable import HTTPServer

extension FuzzTarget {
  /// A head reads the same however it is cut.
  static let head = FuzzTarget(
    "head",
    seeds: {
      [
        "POST /v1/traces?x=1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{}",
        "OPTIONS /v1/traces HTTP/1.0\r\nOrigin: a\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n",
        "POST / HTTP/1.1\r\nauthorization: Bearer x\r\nexpect: 100-continue\r\ncontent-encoding: gzip\r\n\r\n",
      ].map { Array($0.utf8) }
    }
  ) { view in
    var limits = HTTPLimits()
    limits.maxHeader = 1000
    limits.maxHeaderFields = 8
    let whole = HTTP1HeadParser.parse(view, searched: 0, limits: limits)
    if case .complete(let head, let used) = whole {
      try hold(used <= view.count && used <= 1004, "a head of \(used) bytes")
      try hold(!(head.isChunked && head.contentLength != nil), "a body with two ends")
    }
    var random = view.choices
    var searched = 0
    var end = 0
    while end < view.count {
      end = min(end + .random(in: 1...20, using: &random), view.count)
      let outcome = HTTP1HeadParser.parse(view.prefix(end), searched: searched, limits: limits)
      if case .incomplete = outcome {
        searched = end
        continue
      }
      // Too large shows before the end does.
      if case .refused(.headerTooLarge) = outcome { return }
      try hold("\(outcome)" == "\(whole)", "\(whole) is \(outcome) when cut")
      return
    }
  }

  /// The content of a chunked body is the same however it is cut.
  static let chunks = FuzzTarget(
    "chunks",
    seeds: {
      ["5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\n\r\nrest", "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nA: b\r\n\r\n"]
        .map { Array($0.utf8) }
    }
  ) { view in
    var random = view.choices
    let whole = decodeChunks(view) { max(view.count, 1) }
    let cut = decodeChunks(view) { .random(in: 1...3, using: &random) }
    try hold(whole == cut, "\(whole) is \(cut) when cut")
  }

  private static func decodeChunks(_ view: ByteView, _ step: () -> Int) -> String {
    var decoder = ChunkedDecoder()
    var content = ByteBuffer()
    var position = 0
    do {
      while position < view.count, !decoder.isDone {
        let end = min(position + step(), view.count)
        position += try decoder.decode(view[position..<end], into: &content, limit: 1000)
      }
    } catch {
      return "\(error)"
    }
    return "\([UInt8](content.view)) \(position) \(decoder.isDone)"
  }

  /// A message is the same however its frame is cut, and gRPC's texts can be read back.
  static let grpc = FuzzTarget(
    "grpc",
    seeds: {
      [
        [0, 0, 0, 0, 4, 1, 2, 3, 4], [1, 0, 0, 0, 0], [0, 0, 0, 1, 0] + [UInt8](repeating: 7, count: 256),
        Array("10S".utf8), Array("99999999H".utf8), Array("ab%é\n".utf8),
      ]
    }
  ) { view in
    var random = view.choices
    let whole = readMessage(view) { max(view.count, 1) }
    let cut = readMessage(view) { .random(in: 1...3, using: &random) }
    try hold(whole == cut, "\(whole) is \(cut) when cut")

    let text = String(view)
    if let timeout = GRPCText.timeout(text) { try hold(timeout >= 0, "the timeout \(text) is \(timeout)") }
    let encoded = GRPCText.percentEncoded(text)
    try hold(encoded.utf8.allSatisfy { 0x20...0x7e ~= $0 }, "\(encoded) is no field value")
    try hold(PercentEncoding.decode(encoded) == text, "\(text) comes back as \(PercentEncoding.decode(encoded))")
  }

  private static func readMessage(_ view: ByteView, _ step: () -> Int) -> String {
    var reader = GRPCMessageReader()
    var position = 0
    do {
      while position < view.count {
        let end = min(position + step(), view.count)
        try reader.append(view[position..<end], limit: 100_000)
        position = end
      }
    } catch {
      return "\(error)"
    }
    let isComplete = reader.isComplete
    let message = reader.take()
    return "\([UInt8](message.view)) \(isComplete)"
  }
}

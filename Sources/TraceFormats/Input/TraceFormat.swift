import Compression
import OTLP
import Platform

/// How traces stand in a file or a pipe.
public enum TraceFormat: String, CaseIterable, Sendable {
  /// OTLP/JSON or Tempo's trace JSON: one document or many, on a line each or not.
  case json
  /// One OTLP protobuf message. Several, one after the other, are one message.
  case protobuf
  /// Messages, each behind its length in four bytes, big-endian, as the collector's file exporter writes them. With its
  /// `compression` each message, protobuf or JSON, is compressed by itself.
  case stream = "protobuf-stream"

  /// The format of data that begins with `head`; `nil` when it is none of them.
  static func detect(_ head: ByteView) -> TraceFormat? {
    if head.isEmpty || head.hasPrefix([0xEF, 0xBB, 0xBF]) { return .json }
    if looksLikeJSON(head) { return .json }
    return detectProtobuf(head)
  }

  /// The same for data that is known to be protobuf.
  static func detectProtobuf(_ head: ByteView) -> TraceFormat? {
    // A frame longer than 16 MiB is told from a message by what follows: a length cannot begin with a small tag.
    if head.count >= 4, head[0] != 0x0a || !startsWithResource(head) {
      let length = Int(head[0]) << 24 | Int(head[1]) << 16 | Int(head[2]) << 8 | Int(head[3])
      if length == 0 || head.count == 4 || head[4] == 0x0a { return .stream }
      if ContentEncoding.detect(head.dropFirst(4)) != .identity { return .stream }
    }
    return head[0] == 0x0a ? .protobuf : nil
  }

  /// An object that is empty or begins with a key. A protobuf message may begin with the byte of a line feed, so that
  /// one brace is not enough.
  private static func looksLikeJSON(_ head: ByteView) -> Bool {
    func skipSpace(_ from: Int) -> Int {
      var index = from
      while index < head.count, [0x20, 0x09, 0x0a, 0x0d].contains(head[index]) { index += 1 }
      return index
    }
    let brace = skipSpace(0)
    guard brace < head.count else { return true }
    guard head[brace] == UInt8(ascii: "{") else { return head[brace] == UInt8(ascii: "[") && head[0] != 0x0a }
    let key = skipSpace(brace + 1)
    return key == head.count || head[key] == UInt8(ascii: "\"") || head[key] == UInt8(ascii: "}")
  }

  /// Whether field 1 of a message, a ResourceSpans, begins with a field that ResourceSpans has.
  private static func startsWithResource(_ head: ByteView) -> Bool {
    var cursor = WireCursor(head.dropFirst(1))
    guard let length = try? cursor.varint() else { return false }
    if length == 0 { return true }
    guard let tag = try? cursor.nextTag() else { return true }
    return tag.wireType == 2 && tag.field <= 3
  }
}

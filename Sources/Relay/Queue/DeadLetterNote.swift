import JSON
import OTLP
import Platform

/// Why a dead letter is one: the content of the file beside it.
public struct DeadLetterNote: Sendable, Equatable {
  /// How the queue knows the destination that refused it.
  public var identity: String
  /// The destination for people, without credentials.
  public var destination: String
  public var signal: OTLPSignal
  public var requests: Int
  public var items: Int
  /// What the destination said.
  public var reason: String
  public var refused: Timestamp

  /// What follows the name of a dead letter in that of its note.
  public static let suffix = ".reason"

  var json: [UInt8] {
    var writer = JSONWriter(style: .pretty)
    writer.beginObject()
    for (name, value) in [
      ("identity", identity), ("destination", destination), ("signal", signal.rawValue), ("reason", reason),
      ("refused", refused.rfc3339),
    ] {
      writer.key(name)
      writer.string(value)
    }
    for (name, value) in [("requests", requests), ("items", items)] {
      writer.key(name)
      writer.int(value)
    }
    writer.endObject()
    writer.newline()
    return writer.bytes
  }
}

extension DeadLetterNote {
  /// Reads what `json` wrote; `nil` when it is something else.
  init?(_ json: ByteView) {
    guard let value = try? JSONDocument.parse(json), let identity = value["identity"]?.string,
      let signal = value["signal"]?.string.flatMap({ OTLPSignal(rawValue: $0) })
    else { return nil }
    self.init(
      identity: identity, destination: value["destination"]?.string ?? identity, signal: signal,
      requests: Int(clamping: value["requests"]?.int64 ?? 0), items: Int(clamping: value["items"]?.int64 ?? 0),
      reason: value["reason"]?.string ?? "",
      refused: value["refused"]?.string.flatMap { Timestamp(rfc3339: $0) } ?? Timestamp(nanoseconds: 0))
  }
}

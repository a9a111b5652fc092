import Compression
import OTLP
import Platform

/// An accepted request in the forms that its destinations want: known to be well-formed, and not decoded any further.
final class Payload: Sendable {
  let signal: OTLPSignal
  /// Spans, data points or log records; see `RequestWalk.items`.
  let items: Int
  /// Bytes of the protobuf message.
  let plainSize: Int
  /// The protobuf message, when some destination wants it so.
  let plain: OwnedBytes?
  /// The message as the gzip members it came in, when some destination wants those.
  let gzip: OwnedBytes?
  /// When it was accepted, in monotonic ns.
  let accepted: Int64

  init(signal: OTLPSignal, items: Int, plainSize: Int, plain: OwnedBytes?, gzip: OwnedBytes?, accepted: Int64) {
    self.signal = signal
    self.items = items
    self.plainSize = plainSize
    self.plain = plain
    self.gzip = gzip
    self.accepted = accepted
  }

  /// The protobuf message.
  func message() throws(CompressionError) -> OwnedBytes {
    if let plain { return plain }
    var message = ByteBuffer(capacity: plainSize)
    if let gzip {
      var decompressor = Decompressor()
      try decompressor.decompress(gzip.view, .gzip, into: &message, limit: plainSize)
    }
    return OwnedBytes(message)
  }

  /// What it takes in memory.
  var heldBytes: Int { (plain?.count ?? 0) + (gzip?.count ?? 0) }
}

extension OwnedBytes {
  var count: Int { view.count }
}

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
  /// The message as the gzip member it came in, when some destination wants that.
  let gzip: OwnedBytes?
  /// How the member can be joined with others, when that is known.
  let seam: GzipSeam?
  /// When it was accepted, in monotonic ns.
  let accepted: Int64

  init(
    signal: OTLPSignal, items: Int, plainSize: Int, plain: OwnedBytes?, gzip: OwnedBytes?, seam: GzipSeam? = nil,
    accepted: Int64
  ) {
    self.signal = signal
    self.items = items
    self.plainSize = plainSize
    self.plain = plain
    self.gzip = gzip
    self.seam = seam
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

  /// What it takes in memory, with the objects around the bytes.
  var heldBytes: Int { (plain?.count ?? 0) + (gzip?.count ?? 0) + Payload.overhead }

  /// Bytes of the objects around a payload that waits in a queue: some 250.
  private static let overhead = 256

  /// Whether it is cheaper to send it by itself than to put it together with others: a large member that cannot be joined
  /// would have to be compressed again.
  func goesAlone(as encoding: ContentEncoding) -> Bool {
    guard encoding == .gzip, seam == nil, let gzip else { return false }
    return gzip.count > 16 << 10
  }
}

extension OwnedBytes {
  var count: Int { view.count }
}

import Compression
import OTLP
import Platform

/// A batch as it goes out: pieces to be sent one after the other, shared with whoever else holds them.
struct OutgoingBody {
  let pieces: [OwnedBytes]
  let encoding: ContentEncoding
  let items: Int
  /// Bytes over all pieces.
  let count: Int
}

/// Puts the payloads of a batch together; each sender thread has its own.
///
/// Protobuf requests and gzip members concatenate: pieces are handed on as they are where they can be, and runs of the
/// others are compressed together.
struct BodyEncoder: ~Copyable {
  private let encoding: ContentEncoding
  private var compressor: Compressor?
  private var scratch = ByteBuffer(capacity: 16)

  init(_ encoding: ContentEncoding) { self.encoding = encoding }

  mutating func encode(_ payloads: [Payload]) throws(CompressionError) -> OutgoingBody {
    var pieces: [OwnedBytes] = []
    pieces.reserveCapacity(payloads.count)
    scratch.removeAll()
    for payload in payloads {
      if encoding == .gzip, let gzip = payload.gzip {
        try compressScratch(into: &pieces)
        pieces.append(gzip)
      } else {
        let message = try payload.message()
        if encoding == .identity {
          pieces.append(message)
        } else {
          if scratch.isEmpty { scratch.reserve(payloads.reduce(0) { $0 + $1.plainSize }) }
          scratch.append(message.view)
        }
      }
    }
    try compressScratch(into: &pieces)
    // Each sender would keep room for the largest batch it ever had.
    if scratch.allocatedCount > 1 << 20 { scratch = ByteBuffer(capacity: 16) }
    return OutgoingBody(
      pieces: pieces, encoding: encoding, items: payloads.reduce(0) { $0 + $1.items },
      count: pieces.reduce(0) { $0 + $1.count })
  }

  private mutating func compressScratch(into pieces: inout [OwnedBytes]) throws(CompressionError) {
    guard !scratch.isEmpty else { return }
    if compressor == nil { compressor = try Compressor(encoding) }
    var member = ByteBuffer(capacity: scratch.count / 4 + 64)
    try compressor?.compress(scratch.view, into: &member)
    pieces.append(OwnedBytes(member))
    scratch.removeAll()
  }
}

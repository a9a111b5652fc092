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

/// Puts the payloads of a batch together into one body: one gzip member or one zstd frame, where it is compressed. Each sender
/// thread has its own.
///
/// Members that came are joined without compressing them again, which costs a hundredth of it; a single one passes as it
/// came. What cannot be joined is compressed together.
struct BodyEncoder: ~Copyable {
  private let encoding: ContentEncoding
  private var compressor: Compressor?
  private var joiner = GzipJoiner()
  private var scratch = ByteBuffer(capacity: 16)

  init(_ encoding: ContentEncoding) { self.encoding = encoding }

  mutating func encode(_ payloads: [Payload]) throws(CompressionError) -> OutgoingBody {
    OutgoingBody(payloads, encoding, try pieces(payloads))
  }

  private mutating func pieces(_ payloads: [Payload]) throws(CompressionError) -> [OwnedBytes] {
    if encoding == .identity {
      var messages: [OwnedBytes] = []
      messages.reserveCapacity(payloads.count)
      for payload in payloads { messages.append(try payload.message()) }
      return messages
    }
    guard encoding == .gzip else { return [try compressed(payloads)] }
    if payloads.count == 1, let gzip = payloads[0].gzip, GzipJoiner.isOneMember(gzip.view, size: payloads[0].plainSize)
    {
      return [gzip]
    }
    return [try joined(payloads)]
  }

  /// One member of all.
  private mutating func joined(_ payloads: [Payload]) throws(CompressionError) -> OwnedBytes {
    var rest: [Payload] = []
    var body = ByteBuffer(capacity: payloads.reduce(64) { $0 + ($1.seam == nil ? 0 : ($1.gzip?.count ?? 0)) })
    joiner.begin(&body)
    for payload in payloads {
      if let gzip = payload.gzip, let seam = payload.seam {
        joiner.add(gzip.view, seam, to: &body)
      } else {
        rest.append(payload)
      }
    }
    if rest.count == payloads.count { return try compressed(rest) }
    if rest.isEmpty {
      try joiner.end(&body)
    } else {
      let last = try compressed(rest)
      try withExtendedLifetime(last) { () throws(CompressionError) in try joiner.end(&body, last: last.view) }
    }
    return OwnedBytes(body)
  }

  private mutating func compressed(_ payloads: [Payload]) throws(CompressionError) -> OwnedBytes {
    if compressor == nil { compressor = try Compressor(encoding) }
    var body = ByteBuffer(capacity: payloads.reduce(64) { $0 + $1.plainSize / 4 })
    if payloads.count == 1 {
      let message = try payloads[0].message()
      try withExtendedLifetime(message) { () throws(CompressionError) in
        try compressor?.compress(message.view, into: &body)
      }
      return OwnedBytes(body)
    }
    scratch.removeAll()
    scratch.reserve(payloads.reduce(0) { $0 + $1.plainSize })
    for payload in payloads {
      let message = try payload.message()
      withExtendedLifetime(message) { scratch.append(message.view) }
    }
    try compressor?.compress(scratch.view, into: &body)
    // Each sender would keep room for the largest batch it ever had.
    if scratch.allocatedCount > 1 << 20 { scratch = ByteBuffer(capacity: 16) }
    return OwnedBytes(body)
  }
}

extension OutgoingBody {
  fileprivate init(_ payloads: [Payload], _ encoding: ContentEncoding, _ pieces: [OwnedBytes]) {
    self.init(
      pieces: pieces, encoding: encoding, items: payloads.reduce(0) { $0 + $1.items },
      count: pieces.reduce(0) { $0 + $1.count })
  }
}

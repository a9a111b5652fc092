import OTLP
import Platform

/// The requests that share a row of the durable queue: which bytes of its body are whose.
///
/// Written as unsigned LEB128 numbers: signal, coding, then of each part its bytes as stored, its bytes as a protobuf
/// message, and its items. Signal and coding stand in the row of the table too; here they serve where that is damaged.
struct PackedParts {
  struct Part: Equatable {
    let stored: Int
    let plain: Int
    let items: Int
  }

  /// What a request can have of bytes and of items: no larger one is accepted, and more is damage.
  static let sizes: ClosedRange<Int64> = 0...1 << 30

  let signal: OTLPSignal
  let isGzip: Bool
  var parts: [Part] = []

  init(signal: OTLPSignal, isGzip: Bool) {
    self.signal = signal
    self.isGzip = isGzip
  }

  /// Reads what `write` wrote; `nil` when it does not describe a body of `size` bytes.
  init?(_ bytes: ByteView, bodySize size: Int) {
    var cursor = WireCursor(bytes)
    guard let index = try? cursor.varint(), index < UInt64(OTLPSignal.allCases.count),
      let coding = try? cursor.varint(),
      coding <= 1
    else { return nil }
    signal = OTLPSignal(index: Int(index))
    isGzip = coding == 1
    var rest = size
    while !cursor.isAtEnd {
      guard let stored = try? cursor.varint(), let plain = try? cursor.varint(), let items = try? cursor.varint(),
        stored <= UInt64(rest), let plainSize = Int64(exactly: plain), let count = Int64(exactly: items),
        PackedParts.sizes.contains(plainSize), PackedParts.sizes.contains(count)
      else { return nil }
      parts.append(Part(stored: Int(stored), plain: Int(plainSize), items: Int(count)))
      rest -= Int(stored)
    }
    if rest != 0 || parts.isEmpty { return nil }
  }

  func write(into buffer: inout ByteBuffer) {
    buffer.appendVarint(UInt64(signal.index))
    buffer.appendVarint(isGzip ? 1 : 0)
    for part in parts {
      buffer.appendVarint(UInt64(part.stored))
      buffer.appendVarint(UInt64(part.plain))
      buffer.appendVarint(UInt64(part.items))
    }
  }

  /// The requests of `body`, each with its own copy of its bytes.
  func payloads(_ body: ByteView, accepted: Int64) -> [Payload] {
    var rest = body
    return parts.map { part in
      var own = ByteBuffer(capacity: part.stored)
      own.append(ByteView(start: rest.start, count: part.stored))
      rest = rest.dropFirst(part.stored)
      let bytes = OwnedBytes(own)
      return Payload(
        signal: signal, items: part.items, plainSize: part.plain, plain: isGzip ? nil : bytes,
        gzip: isGzip ? bytes : nil,
        accepted: accepted)
    }
  }
}

import OTLP
import Platform

/// One end of a call: the span of the client (or producer), or that of the server (or consumer).
struct CallEnd {
  /// The trace and the client's span: what both ends of a call have in common. A root server has its own span there.
  struct Key: Equatable {
    var trace: (high: UInt64, low: UInt64)
    var span: UInt64

    static func == (left: Key, right: Key) -> Bool {
      left.span == right.span && left.trace.low == right.trace.low && left.trace.high == right.trace.high
    }
  }

  struct Flags: OptionSet {
    let rawValue: UInt8
    static let client = Flags(rawValue: 1)
    static let failed = Flags(rawValue: 2)
    static let messaging = Flags(rawValue: 4)
    /// The filter left the span out: its counterpart is to be dropped, not taken for a call to or from nowhere.
    static let dropped = Flags(rawValue: 8)
    /// A server's span without a parent.
    static let root = Flags(rawValue: 16)
    /// A request to a database that has no name.
    static let namelessDatabase = Flags(rawValue: 32)
  }

  var key: Key
  var flags: Flags
  /// Stands for a name for which there was no room; calls with such a name are counted in the overflow edge.
  static let noRoom = UInt32.max

  /// Names by number: the span's service, the peer its attributes name (0: none), the database it asks (0: none).
  var service: UInt32
  var peer: UInt32
  var database: UInt32
  /// ns.
  var latency: UInt64
  /// When the client's span ended or the server's began, ns since 1970.
  var time: UInt64
  var weight: Weight
  /// The numbers of its dimensions' values; empty where there are none.
  var dimensions: [UInt32] = []

  /// Takes over from an earlier span of the same end, sent twice or with the same ids, what this one does not say.
  mutating func inherit(_ earlier: CallEnd) {
    if earlier.flags.contains(.failed) { flags.insert(.failed) }
    if peer == 0 { peer = earlier.peer }
    for index in dimensions.indices where dimensions[index] == 0 && index < earlier.dimensions.count {
      dimensions[index] = earlier.dimensions[index]
    }
  }
}

/// The call ends found in one request, until they are handed to the service graph.
struct PendingEdges: ~Copyable {
  private(set) var ends: [CallEnd] = []

  mutating func removeAll() { ends.removeAll(keepingCapacity: true) }

  /// A client's, server's, producer's or consumer's span. `database` is nil unless it is a request to one.
  mutating func add(
    _ span: SpanView, service: UInt32, peer: UInt32, database: UInt32?, dimensions: [UInt32], weight: Weight,
    _ hash: ByteHash
  ) {
    var end = Self.end(span, hash)
    end.service = service
    end.peer = peer
    end.database = database ?? 0
    if database == 0 { end.flags.insert(.namelessDatabase) }
    end.dimensions = dimensions
    end.latency = span.durationNano
    end.time = end.flags.contains(.client) ? span.endTimeUnixNano : span.startTimeUnixNano
    end.weight = weight
    ends.append(end)
  }

  /// A span that the filter left out.
  mutating func addDropped(_ span: SpanView, _ hash: ByteHash) {
    guard (2...5).contains(span.kind) else { return }
    var end = Self.end(span, hash)
    if end.flags.contains(.root) { return }
    end.flags.insert(.dropped)
    ends.append(end)
  }

  /// Whether the span is a server's (or consumer's) without a parent.
  static func isRoot(_ span: SpanView) -> Bool {
    (span.kind == SpanKind.server.rawValue || span.kind == SpanKind.consumer.rawValue)
      && span.parentSpanID.buffer.allSatisfy { $0 == 0 }
  }

  private static func end(_ span: SpanView, _ hash: ByteHash) -> CallEnd {
    var flags: CallEnd.Flags = []
    let isClient = span.kind == SpanKind.client.rawValue || span.kind == SpanKind.producer.rawValue
    if isClient { flags.insert(.client) }
    if span.kind >= SpanKind.producer.rawValue { flags.insert(.messaging) }
    if span.statusCode == StatusCode.error.rawValue { flags.insert(.failed) }
    var id = isClient ? span.spanID : span.parentSpanID
    if isRoot(span) {
      flags.insert(.root)
      id = span.spanID
    }
    return CallEnd(
      key: CallEnd.Key(trace: words(span.traceID, hash), span: words(id, hash).low), flags: flags, service: 0, peer: 0,
      database: 0, latency: 0, time: 0, weight: .one)
  }

  /// An id as two words; one of a length that ids do not have is hashed.
  private static func words(_ id: ByteView, _ hash: ByteHash) -> (high: UInt64, low: UInt64) {
    switch id.count {
    case 16:
      (id.start.loadUnaligned(as: UInt64.self), id.start.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    case 8: (0, id.start.loadUnaligned(as: UInt64.self))
    default: (UInt64(id.count), id.isEmpty ? 0 : hash(id))
    }
  }
}

import OTLP
import Platform
import Traces

/// Spans with no more than comparing places takes: 64 bytes each, however many attributes they came with.
struct SpanTable {
  struct Entry {
    var id: UInt64
    var parent: UInt64
    /// Unix nanoseconds.
    var start: Int64
    /// Nanoseconds.
    var duration: Int64
    /// Number of the trace.
    var trace: UInt32
    /// Number of the service with the span's name.
    var place: Int32
    /// Number of what a call names as its other side; -1 for nothing.
    var peer: Int32
    var kind: UInt8
    var outcome: Outcome
  }

  enum Outcome: UInt8 {
    case fine
    /// It failed.
    case failed
    /// The other side refused it as wrong, which is the asking side's doing.
    case refused
  }

  /// A service and the name of an operation in it.
  struct Place: Hashable {
    var service: Int32
    var name: Int32
  }

  struct TraceID: Hashable {
    var high: UInt64
    var low: UInt64

    init(_ bytes: ByteView) {
      high = SpanReader.number(bytes)
      low = SpanReader.number(bytes.dropFirst(8))
    }
  }

  private(set) var spans: [Entry] = []
  private(set) var traces: [TraceID] = []
  private(set) var names = NameTable()
  private(set) var places: [Place] = []
  /// Spans of other traces that were passed over to hold the bound.
  private(set) var leftOut = 0

  private var traceNumbers: [TraceID: UInt32] = [:]
  private var placeNumbers: [Place: Int32] = [:]
  private var last: (id: TraceID, number: UInt32)?
  /// Of all traces, those whose id is a multiple of it are kept.
  private(set) var sampling: UInt64 = 1

  private let maximumSpans: Int

  init(maximumSpans: Int = 2_500_000) {
    self.maximumSpans = maximumSpans
  }

  func service(of place: Int32) -> Int32 { places[Int(place)].service }

  /// `service name` of a place.
  func text(of place: Int32) -> String { names[places[Int(place)].service] + " " + names[places[Int(place)].name] }

  mutating func add(_ span: SpanView, service: Int32) throws(WireError) {
    let id = TraceID(span.traceID)
    guard isSampled(id) else {
      leftOut += 1
      return
    }
    var peer: Int32 = -1
    var outcome = span.statusCode == StatusCode.error.rawValue ? Outcome.failed : .fine
    let isCall = span.kind == SpanKind.client.rawValue || span.kind == SpanKind.producer.rawValue
    try SpanTable.readAttributes(of: span, isCall: isCall, &outcome) { peer = names.number(of: $0) }
    let place = number(of: Place(service: service, name: names.number(of: span.name)))
    spans.append(
      Entry(
        id: SpanReader.number(span.spanID), parent: SpanReader.number(span.parentSpanID),
        start: Int64(clamping: span.startTimeUnixNano), duration: Int64(clamping: span.durationNano),
        trace: number(of: id), place: place, peer: peer, kind: UInt8(clamping: span.kind), outcome: outcome))
    if spans.count > maximumSpans { thin() }
  }

  mutating func serviceNumber(_ name: String) -> Int32 { names.number(of: name) }

  /// The same numbering for a place found otherwise than by its span.
  mutating func number(of place: Place) -> Int32 {
    if let known = placeNumbers[place] { return known }
    let number = Int32(clamping: places.count)
    placeNumbers[place] = number
    places.append(place)
    return number
  }

  private mutating func number(of id: TraceID) -> UInt32 {
    if let last, last.id == id { return last.number }
    let number: UInt32
    if let known = traceNumbers[id] {
      number = known
    } else {
      number = UInt32(clamping: traces.count)
      traceNumbers[id] = number
      traces.append(id)
    }
    last = (id, number)
    return number
  }

  // MARK: Bound

  private func isSampled(_ id: TraceID) -> Bool { sampling == 1 || (id.low ^ id.high) % sampling == 0 }

  /// Keeps half of the traces. Ids are random, so the half is a fair one.
  private mutating func thin() {
    sampling *= 2
    let before = spans.count
    spans.removeAll { [traces, sampling] span in
      let id = traces[Int(span.trace)]
      return (id.low ^ id.high) % sampling != 0
    }
    leftOut += before - spans.count
    // Traces of one id each, such as all of them in one trace, cannot be thinned.
    if spans.count > maximumSpans {
      leftOut += spans.count - maximumSpans / 2
      spans.removeLast(spans.count - maximumSpans / 2)
    }
  }

  // MARK: Attributes

  /// Keys that name the other side of a call, best first.
  private static let peerKeys: [StaticString] = [
    "peer.service", "db.system.name", "db.system", "messaging.system", "server.address", "net.peer.name",
  ]

  private static func readAttributes(
    of span: SpanView, isCall: Bool, _ outcome: inout Outcome, peer found: (ByteView) -> Void
  ) throws(WireError) {
    var best = peerKeys.count
    var name: ByteView?
    var code: Int64 = 0
    var isRPC = false
    try span.attributes.forEach { (attribute) throws(WireError) in
      guard let first = attribute.key.first else { return }
      switch first {
      case UInt8(ascii: "h"):
        if attribute.key.equals("http.response.status_code") || attribute.key.equals("http.status_code") {
          code = try number(attribute.value)
        }
      case UInt8(ascii: "r"):
        if attribute.key.equals("rpc.grpc.status_code") || attribute.key.equals("rpc.response.status_code") {
          code = try number(attribute.value)
          isRPC = true
        }
      case UInt8(ascii: "p"), UInt8(ascii: "d"), UInt8(ascii: "m"), UInt8(ascii: "s"), UInt8(ascii: "n"):
        guard isCall, best > 0 else { return }
        for index in 0..<best where attribute.key.equals(peerKeys[index]) {
          if case .string(let text) = try attribute.value, !text.isEmpty {
            best = index
            name = text
          }
          return
        }
      default: return
      }
    }
    if let name { found(name) }
    outcome = self.outcome(outcome, code: code, isRPC: isRPC)
  }

  private static func outcome(_ status: Outcome, code: Int64, isRPC: Bool) -> Outcome {
    if isRPC {
      switch code {
      // Invalid argument, permission denied, unauthenticated.
      case 3, 7, 16: return .refused
      default: return status
      }
    }
    switch code {
    case 400, 401, 403, 405, 415, 422: return .refused
    case 500...599: return .failed
    default: return status
    }
  }

  private static func number(_ value: AnyValueView) throws(WireError) -> Int64 {
    switch value {
    case .int(let number): number
    case .string(let text): Int64(String(text.prefix(8))) ?? 0
    default: 0
    }
  }
}

/// Numbers for names, so that a span holds four bytes in place of a string.
struct NameTable {
  private(set) var names: [String] = []
  private var numbers: [String: Int32] = [:]
  /// Names by the bytes' hash, which saves making a string of every name that is known.
  private var byHash: [Int: Int32] = [:]

  subscript(_ number: Int32) -> String { number >= 0 ? names[Int(number)] : "" }

  /// Longer names are cut: they come from outside and are kept.
  private static let maximumLength = 300

  mutating func number(of bytes: ByteView) -> Int32 {
    var hasher = Hasher()
    hasher.combine(bytes)
    let hash = hasher.finalize()
    if let known = byHash[hash] { return known }
    let number = number(of: String(bytes.prefix(NameTable.maximumLength)))
    byHash[hash] = number
    return number
  }

  mutating func number(of name: String) -> Int32 {
    if let known = numbers[name] { return known }
    let number = Int32(clamping: names.count)
    names.append(name)
    numbers[name] = number
    return number
  }

  func known(_ name: String) -> Int32? { numbers[name] }
}

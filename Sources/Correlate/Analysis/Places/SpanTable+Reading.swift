import OTLP
import Platform
import Traces

extension SpanTable.TraceID {
  init(_ bytes: ByteView) {
    self.init(high: SpanReader.number(bytes), low: SpanReader.number(bytes.dropFirst(8)))
  }
}

extension SpanTable {
  /// Keeps what comparing places takes of a span.
  mutating func add(_ span: SpanView, service name: String) throws(WireError) {
    let service = serviceNumber(name)
    let id = TraceID(span.traceID)
    guard keeps(id) else { return }
    var peer: Int32 = -1
    var outcome = span.statusCode == StatusCode.error.rawValue ? Outcome.failed : .fine
    let isCall = span.kind == SpanKind.client.rawValue || span.kind == SpanKind.producer.rawValue
    try SpanTable.readAttributes(of: span, isCall: isCall, &outcome) { peer = nameNumber($0) }
    add(
      Entry(
        id: SpanReader.number(span.spanID), parent: SpanReader.number(span.parentSpanID),
        start: Int64(clamping: span.startTimeUnixNano), duration: Int64(clamping: span.durationNano),
        trace: number(of: id), place: number(of: Place(service: service, name: nameNumber(span.name))), peer: peer,
        kind: UInt8(clamping: span.kind), outcome: outcome))
  }

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

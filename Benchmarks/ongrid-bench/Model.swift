/// An attribute value of the kinds real instrumentation sends.
enum Value {
  case string(String)
  case int(Int)
  case bool(Bool)
  case double(Double)
}

/// One attribute.
struct Attribute {
  let key: String
  let value: Value

  init(_ key: String, _ value: String) { (self.key, self.value) = (key, .string(value)) }
  init(_ key: String, _ value: Int) { (self.key, self.value) = (key, .int(value)) }
  init(_ key: String, _ value: Bool) { (self.key, self.value) = (key, .bool(value)) }
  init(_ key: String, _ value: Double) { (self.key, self.value) = (key, .double(value)) }
}

/// Span kinds by their OTLP number.
enum Kind: Int {
  case `internal` = 1
  case server, client, producer, consumer
}

struct Span {
  var traceID: (UInt64, UInt64)
  var spanID: UInt64
  /// 0 for a root span.
  var parentID: UInt64
  var name: String
  var kind: Kind
  var start: UInt64
  var end: UInt64
  var attributes: [Attribute]
  /// 0 unset, 1 ok, 2 error.
  var statusCode: Int
  var statusMessage: String
}

/// The spans of one service instance, by instrumentation scope.
struct ResourceGroup {
  let attributes: [Attribute]
  var scopes: [(name: String, spans: [Span])]
}

/// One export request.
struct Batch {
  var groups: [ResourceGroup]
}

/// SplitMix64: small, seedable, the same on every platform.
struct Random {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}

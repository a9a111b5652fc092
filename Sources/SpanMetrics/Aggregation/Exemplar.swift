import OTLP
public import Platform

/// A span that stands for others: its ids, its value and when it ended.
public struct Exemplar: Sendable, Equatable {
  var trace: (high: UInt64, low: UInt64)
  var span: UInt64
  /// Latency in ns.
  public var nanoseconds: UInt64
  /// When the span ended, ns since 1970.
  public var endTimeUnixNano: UInt64
  /// The writing round in which it was seen; later rounds displace earlier ones.
  var round: UInt32

  /// Stands for "no exemplar": an all-zero trace id is not a valid one.
  static let none = Exemplar(trace: (0, 0), span: 0, nanoseconds: 0, endTimeUnixNano: 0, round: 0)

  var isPresent: Bool { trace.high | trace.low != 0 }

  /// Its latency in seconds.
  public var seconds: Double { Nanoseconds.seconds(nanoseconds) }
  /// The same with a latency `factor` times as long: in a smaller unit, the same number of seconds.
  func scaled(by factor: Double) -> Exemplar {
    if factor == 1 { return self }
    var scaled = self
    scaled.nanoseconds = nanoseconds.multipliedSaturating(by: UInt64(factor))
    return scaled
  }

  /// When the span ended.
  public var ended: Timestamp { Timestamp(nanoseconds: Int64(clamping: endTimeUnixNano)) }

  /// The trace's id, 32 hexadecimal digits.
  public var traceID: String { Self.hex(trace.high) + Self.hex(trace.low) }
  /// The span's id, 16 hexadecimal digits.
  public var spanID: String { Self.hex(span) }

  private static func hex(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The exemplar a span makes; nil when its ids are not valid.
  init?(_ span: SpanView, round: UInt32) {
    guard span.traceID.count == 16, span.spanID.count == 8 else { return nil }
    func word(_ view: ByteView, _ offset: Int) -> UInt64 {
      UInt64(bigEndian: view.start.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    self.init(
      trace: (word(span.traceID, 0), word(span.traceID, 8)), span: word(span.spanID, 0),
      nanoseconds: span.durationNano, endTimeUnixNano: span.endTimeUnixNano, round: round)
    if !isPresent { return nil }
  }

  private init(
    trace: (high: UInt64, low: UInt64), span: UInt64, nanoseconds: UInt64, endTimeUnixNano: UInt64, round: UInt32
  ) {
    self.trace = trace
    self.span = span
    self.nanoseconds = nanoseconds
    self.endTimeUnixNano = endTimeUnixNano
    self.round = round
  }

  /// Whether this one should stand in the place of `other`: the later round, then the slower span. What follows only
  /// makes the choice independent of the order in which spans come.
  func displaces(_ other: Exemplar) -> Bool {
    (round, nanoseconds, endTimeUnixNano, trace.high, trace.low, span)
      > (other.round, other.nanoseconds, other.endTimeUnixNano, other.trace.high, other.trace.low, other.span)
  }

  public static func == (left: Exemplar, right: Exemplar) -> Bool {
    left.trace == right.trace && left.span == right.span && left.nanoseconds == right.nanoseconds
      && left.endTimeUnixNano == right.endTimeUnixNano && left.round == right.round
  }
}

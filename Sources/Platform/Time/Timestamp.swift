import Libc

/// A moment, in nanoseconds since 1970-01-01T00:00:00Z, as OTLP counts time. Covers the years 1677 to 2262.
public struct Timestamp: Sendable, Hashable, Comparable {
  /// Nanoseconds since the Unix epoch.
  public var nanoseconds: Int64

  /// A moment from nanoseconds since the Unix epoch.
  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// The wall clock's present moment.
  public static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// This moment moved by a number of nanoseconds, held at the ends of the range.
  public func advanced(byNanoseconds offset: Int64) -> Timestamp {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(offset)
    return Timestamp(nanoseconds: overflow ? (offset < 0 ? .min : .max) : sum)
  }

  /// Seconds since the Unix epoch, rounded down.
  public var wholeSeconds: Int64 {
    nanoseconds / 1_000_000_000 - (nanoseconds % 1_000_000_000 < 0 ? 1 : 0)
  }

  /// Nanoseconds after `wholeSeconds`, 0 ..< 1_000_000_000.
  public var subsecondNanoseconds: Int64 {
    let rest = nanoseconds % 1_000_000_000
    return rest < 0 ? rest + 1_000_000_000 : rest
  }
}

extension Timestamp {
  /// Reads a moment as a user writes it: a date and a time, see `init(written:)`, Unix seconds (milliseconds,
  /// microseconds or nanoseconds by magnitude), `now`, `now-15m`, `now+5m`, `-15m`. Nil when the text is none of these.
  public init?(_ text: String, now: @autoclosure () -> Timestamp = .now) {
    if text == "now" {
      self = now()
    } else if text.hasPrefix("now-") || text.hasPrefix("now+") {
      guard let offset = DurationText.parse(text.dropFirst(4)) else { return nil }
      self = now().advanced(byNanoseconds: text.hasPrefix("now-") ? -offset : offset)
    } else if text.hasPrefix("-") {
      guard let offset = DurationText.parse(text.dropFirst()) else { return nil }
      self = now().advanced(byNanoseconds: -offset)
    } else if let unix = Timestamp(unix: text) {
      self = unix
    } else if let date = Timestamp(written: text) {
      self = date
    } else {
      return nil
    }
  }

  /// Reads a Unix time. Its magnitude tells its unit: below 1e11 seconds, below 1e14 milliseconds, below 1e17
  /// microseconds, else nanoseconds. Seconds and milliseconds may have a fraction.
  public init?(unix text: String) {
    let whole = text.prefix { $0 != "." }
    let fraction = text.dropFirst(whole.count).dropFirst()
    guard !whole.isEmpty, whole.utf8.allSatisfy({ 48...57 ~= $0 }), fraction.utf8.allSatisfy({ 48...57 ~= $0 }),
      whole.count == text.count || !fraction.isEmpty, let count = Int64(whole)
    else { return nil }
    let scale: Int64 =
      switch count {
      case ..<100_000_000_000: 1_000_000_000
      case ..<100_000_000_000_000: 1_000_000
      case ..<100_000_000_000_000_000: 1_000
      default: 1
      }
    let (scaled, overflow) = count.multipliedReportingOverflow(by: scale)
    if overflow { return nil }
    var rest: Int64 = 0
    var place = scale
    for digit in fraction.utf8 {
      place /= 10
      rest += Int64(digit - 48) * place
    }
    let (sum, sumOverflow) = scaled.addingReportingOverflow(rest)
    if sumOverflow { return nil }
    self.init(nanoseconds: sum)
  }
}

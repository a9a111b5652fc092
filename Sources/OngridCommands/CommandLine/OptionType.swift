import Platform
import Transport

/// How the text of an option becomes a value, and what is said where it cannot.
struct OptionType<Value>: Sendable {
  /// Why a text is no value: in words of its own, or nil where `expected` says it all.
  struct Refusal: Error {
    var reason: String?
  }

  let kind: ValueKind
  /// What a value is, to follow "must be".
  let expected: String
  let parse: @Sendable (_ text: String, _ now: Timestamp) throws(Refusal) -> Value

  init(
    _ expected: String, kind: ValueKind = .text,
    _ parse: @escaping @Sendable (_ text: String, _ now: Timestamp) throws(Refusal) -> Value
  ) {
    self.kind = kind
    self.expected = expected
    self.parse = parse
  }

  /// A type whose texts are values or not, for no other reason than `expected` gives.
  init(_ expected: String, kind: ValueKind = .text, _ convert: @escaping @Sendable (String) -> Value?) {
    self.init(expected, kind: kind) { (text, _) throws(Refusal) in
      guard let value = convert(text) else { throw Refusal() }
      return value
    }
  }

  /// The value of a text; the error names the option, the text and what is accepted.
  func value(of text: OptionText, _ option: OptionDefinition, now: Timestamp) throws(CommandError) -> Value {
    do throws(Refusal) { return try parse(text.text, now) } catch {
      if let reason = error.reason { throw .usage("\(text.source): \(reason)") }
      try option.checkChoice(text.text, source: text.source)
      throw option.refusal(of: text, expected: expected)
    }
  }
}

extension OptionType<String> {
  static var text: Self { Self("text") { $0 } }
  static var file: Self { Self("a file", kind: .file) { $0 } }
  static var directory: Self { Self("a directory", kind: .directory) { $0 } }
  /// The address of something that is not always an HTTP URL.
  static var address: Self { Self("a URL", kind: .url) { $0 } }
}

extension OptionType<Int> {
  /// A whole number within `range`.
  static func whole(in range: ClosedRange<Int> = 0...Int.max) -> Self {
    let limits =
      switch (range.lowerBound, range.upperBound) {
      case (.min, .max): ""
      case (let low, .max): ", at least \(low)"
      case (let low, let high): " from \(low) to \(high)"
      }
    return Self("a whole number\(limits)") { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
  }

  /// A size in bytes within `range`.
  static func size(in range: ClosedRange<Int> = 0...Int.max) -> Self {
    var limits = ""
    if range.lowerBound > 0 { limits = ", at least \(ByteSizeText.format(range.lowerBound))" }
    if range.upperBound < .max { limits += ", at most \(ByteSizeText.format(range.upperBound))" }
    return Self("a size such as 64MiB, 500kB or 1024\(limits)") { text in
      ByteSizeText.parse(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }
}

extension OptionType<Double> {
  /// A finite decimal number within `range`.
  static func decimal(in range: ClosedRange<Double>) -> Self {
    Self("a number from \(range.lowerBound) to \(range.upperBound)") { text in
      finite(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// A finite number without the words that `Double` reads too.
  fileprivate static func finite(_ text: String) -> Double? {
    guard let first = text.utf8.first, first == 0x2D || first == 0x2E || 48...57 ~= first, let value = Double(text),
      value.isFinite
    else { return nil }
    return value
  }
}

extension OptionType<[Double]> {
  /// Finite numbers with commas between them.
  static var decimals: Self {
    Self("numbers separated by commas, such as 0.1,0.5,1") { text in
      let values = text.split(separator: ",", omittingEmptySubsequences: false).map {
        OptionType<Double>.finite(String($0))
      }
      return values.contains(nil) ? nil : values.compactMap(\.self)
    }
  }
}

extension OptionType<[String]> {
  /// Names with commas between them.
  static var names: Self {
    Self("names separated by commas") { text in
      text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }
}

extension OptionType<Duration> {
  /// A duration within `range`.
  static func duration(in range: ClosedRange<Duration> = .zero ... .nanoseconds(Int64.max)) -> Self {
    var limits = ""
    if range.lowerBound > .zero { limits = ", at least \(DurationText.format(range.lowerBound.nanoseconds))" }
    if range.upperBound < .nanoseconds(Int64.max) {
      limits += ", at most \(DurationText.format(range.upperBound.nanoseconds))"
    }
    return Self("a duration such as 150ms, 30s, 5m, 1h30m or 2d\(limits)") { text in
      DurationText.parse(text).map { .nanoseconds($0) }.flatMap { range.contains($0) ? $0 : nil }
    }
  }
}

extension OptionType<Timestamp> {
  /// A moment: RFC 3339, Unix time, or relative to `now`.
  static var time: Self {
    Self("a time such as 2026-01-31T08:15:00Z, 1769847300, now-15m or -15m") { (text, now) throws(Refusal) in
      guard let time = Timestamp(text, now: now) else { throw Refusal() }
      return time
    }
  }
}

extension OptionType<HTTPURL> {
  /// The URL of a server.
  static var url: Self {
    Self("a URL", kind: .url) { (text, _) throws(Refusal) in
      do throws(HTTPError) { return try HTTPURL(text) } catch { throw Refusal(reason: error.description) }
    }
  }
}

extension OptionType<(name: String, value: String)> {
  /// `NAME=VALUE`. The name must not be empty, the value may be.
  static var pair: Self {
    Self("NAME=VALUE") { text in
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else { return nil }
      return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
  }
}

extension OptionType where Value: CaseIterable & RawRepresentable<String> & Sendable {
  /// One of an enumeration's words.
  static func choice(_ type: Value.Type) -> Self {
    choice(type) { $0.rawValue }
  }
}

extension OptionType where Value: CaseIterable & Sendable {
  /// One of an enumeration's cases, by the name that `word` gives it.
  static func choice(_ type: Value.Type, _ word: (Value) -> String) -> Self {
    let values = Array(Value.allCases)
    let words = values.map(word)
    return Self("one of \(words.joined(separator: ", "))", kind: .choice(words)) { text in
      words.firstIndex(of: text).map { values[$0] }
    }
  }
}

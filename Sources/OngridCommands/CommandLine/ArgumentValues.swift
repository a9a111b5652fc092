import Platform

/// Typed access to option values. Each `…IfGiven` is nil when no command-line value, environment variable or default
/// exists; the plain form then says that the option is needed. Errors name the option, the value and what is accepted.
extension Arguments {
  func stringIfGiven(_ option: Option) -> String? {
    sourced(option).last?.text
  }

  func string(_ option: Option) throws(CommandError) -> String {
    guard let text = stringIfGiven(option) else { throw missing(option) }
    return text
  }

  /// Every value of a repeatable option, in order.
  func strings(_ option: Option) -> [String] {
    sourced(option).map(\.text)
  }

  /// A whole number within `range`.
  func intIfGiven(_ option: Option, in range: ClosedRange<Int> = 0...Int.max) throws(CommandError) -> Int? {
    try last(option, "a whole number\(Self.describe(range))") { text in
      Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  func int(_ option: Option, in range: ClosedRange<Int> = 0...Int.max) throws(CommandError) -> Int {
    guard let value = try intIfGiven(option, in: range) else { throw missing(option) }
    return value
  }

  /// A finite decimal number within `range`.
  func doubleIfGiven(
    _ option: Option, in range: ClosedRange<Double> = -.greatestFiniteMagnitude ... .greatestFiniteMagnitude
  ) throws(CommandError) -> Double? {
    let limits = range.upperBound == .greatestFiniteMagnitude ? "" : " from \(range.lowerBound) to \(range.upperBound)"
    return try last(option, "a number\(limits)") { text in Self.decimal(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  func double(
    _ option: Option, in range: ClosedRange<Double> = -.greatestFiniteMagnitude ... .greatestFiniteMagnitude
  ) throws(CommandError) -> Double {
    guard let value = try doubleIfGiven(option, in: range) else { throw missing(option) }
    return value
  }

  /// Finite numbers separated by commas, over all uses of the option.
  func doubles(_ option: Option) throws(CommandError) -> [Double] {
    var values: [Double] = []
    for item in sourced(option) {
      for part in item.text.split(separator: ",", omittingEmptySubsequences: false) {
        guard let value = Self.decimal(String(part)) else {
          throw bad(option, item, "numbers separated by commas, such as 0.1,0.5,1")
        }
        values.append(value)
      }
    }
    return values
  }

  /// A duration in nanoseconds within `range`.
  func durationIfGiven(_ option: Option, in range: ClosedRange<Int64> = 0...Int64.max) throws(CommandError) -> Int64? {
    var limits = ""
    if range.lowerBound > 0 { limits = ", at least \(DurationText.format(range.lowerBound))" }
    if range.upperBound < .max { limits += ", at most \(DurationText.format(range.upperBound))" }
    return try last(option, "a duration such as 150ms, 30s, 5m, 1h30m or 2d\(limits)") { text in
      DurationText.parse(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  func duration(_ option: Option, in range: ClosedRange<Int64> = 0...Int64.max) throws(CommandError) -> Int64 {
    guard let value = try durationIfGiven(option, in: range) else { throw missing(option) }
    return value
  }

  /// A size in bytes within `range`.
  func sizeIfGiven(_ option: Option, in range: ClosedRange<Int> = 0...Int.max) throws(CommandError) -> Int? {
    var limits = ""
    if range.lowerBound > 0 { limits = ", at least \(ByteSizeText.format(range.lowerBound))" }
    if range.upperBound < .max { limits += ", at most \(ByteSizeText.format(range.upperBound))" }
    return try last(option, "a size such as 64MiB, 500kB or 1024\(limits)") { text in
      ByteSizeText.parse(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  func size(_ option: Option, in range: ClosedRange<Int> = 0...Int.max) throws(CommandError) -> Int {
    guard let value = try sizeIfGiven(option, in: range) else { throw missing(option) }
    return value
  }

  /// A moment: RFC 3339, Unix time, or relative to `now`.
  func timestampIfGiven(_ option: Option, now: Timestamp = .now) throws(CommandError) -> Timestamp? {
    try last(option, "a time such as 2026-01-31T08:15:00Z, 1769847300, now-15m or -15m") { Timestamp($0, now: now) }
  }

  func timestamp(_ option: Option, now: Timestamp = .now) throws(CommandError) -> Timestamp {
    guard let value = try timestampIfGiven(option, now: now) else { throw missing(option) }
    return value
  }

  /// One of an enumeration's raw values; the option's choices are those raw values.
  func choiceIfGiven<Value: RawRepresentable<String>>(
    _ option: Option, as type: Value.Type = Value.self
  ) throws(CommandError) -> Value? {
    guard let item = sourced(option).last else { return nil }
    try option.checkChoice(item.text, source: item.source)
    guard let value = Value(rawValue: item.text) else {
      throw bad(option, item, "one of \(option.choices.joined(separator: ", "))")
    }
    return value
  }

  func choice<Value: RawRepresentable<String>>(
    _ option: Option, as type: Value.Type = Value.self
  ) throws(CommandError) -> Value {
    guard let value = try choiceIfGiven(option, as: type) else { throw missing(option) }
    return value
  }

  /// Pairs written `NAME=VALUE`, over all uses of the option. The name must not be empty, the value may be.
  func pairs(_ option: Option) throws(CommandError) -> [(name: String, value: String)] {
    var pairs: [(name: String, value: String)] = []
    for item in sourced(option) {
      guard let equals = item.text.firstIndex(of: "="), equals != item.text.startIndex else {
        throw bad(option, item, "NAME=VALUE")
      }
      pairs.append((String(item.text[..<equals]), String(item.text[item.text.index(after: equals)...])))
    }
    return pairs
  }

  /// The error of an option that has no value but needs one.
  func missing(_ option: Option) -> CommandError {
    let variable = option.environment.map { " (or set \($0))" } ?? ""
    return .usage("--\(option.name) \(option.valueName ?? "") is needed\(variable)")
  }

  /// The error of a value that an option cannot have; for checks that a command does itself.
  func invalid(_ option: Option, _ text: String, expected: String) -> CommandError {
    let source = isGiven(option) ? "--\(option.name)" : option.environment ?? "--\(option.name)"
    return bad(option, Sourced(text: text, source: source), expected)
  }

  private func last<Value>(
    _ option: Option, _ expected: @autoclosure () -> String, _ convert: (String) -> Value?
  ) throws(CommandError) -> Value? {
    guard let item = sourced(option).last else { return nil }
    guard let value = convert(item.text) else { throw bad(option, item, expected()) }
    return value
  }

  private func bad(_ option: Option, _ item: Sourced, _ expected: String) -> CommandError {
    let value = option.isSecret ? "" : " '\(item.text)'"
    return .usage("\(item.source)\(value): must be \(expected)")
  }

  private static func decimal(_ text: String) -> Double? {
    guard let first = text.utf8.first, first == 0x2D || first == 0x2E || 48...57 ~= first,
      let value = Double(text), value.isFinite
    else { return nil }
    return value
  }

  private static func describe(_ range: ClosedRange<Int>) -> String {
    switch (range.lowerBound, range.upperBound) {
    case (.min, .max): ""
    case (let low, .max): ", at least \(low)"
    case (let low, let high): " from \(low) to \(high)"
    }
  }
}

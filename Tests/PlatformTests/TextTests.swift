import Foundation
import TestSupport
import Testing

@testable import Platform

@Suite struct NearestNameTests {
  @Test(arguments: [
    ("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("relay", "rleay", 1), ("abc", "abc", 0),
    ("ca", "abc", 3), ("é", "e", 1),
  ])
  func measures(_ left: String, _ right: String, _ distance: Int) {
    #expect(NearestName.distance(left, right) == distance)
    #expect(NearestName.distance(right, left) == distance)
  }

  @Test(arguments: [
    ("rely", "relay"), ("RELAY", "relay"), ("tarceql", "traceql"), ("span-metrics", "spanmetrics"),
    ("corr", "correlate"), ("x", nil), ("", nil), ("entirely-else", nil), (String(repeating: "r", count: 100_000), nil),
  ])
  func finds(_ name: String, _ nearest: String?) {
    #expect(NearestName.of(name, in: ["relay", "spanmetrics", "traceql", "correlate", "compile-rule"]) == nearest)
  }
}

@Suite struct ByteSizeTextTests {
  @Test(arguments: [
    ("0", 0), ("1024", 1024), ("1B", 1), ("500kB", 500_000), ("500KB", 500_000), ("64MiB", 67_108_864),
    ("64mib", 67_108_864), ("1.5KiB", 1536), ("2GiB", 2_147_483_648), ("1TB", 1_000_000_000_000), ("4M", 4_194_304),
    ("1k", 1_000), ("1K", 1_024),
  ])
  func accepts(_ text: String, _ bytes: Int) {
    #expect(ByteSizeText.parse(text) == bytes)
  }

  @Test(arguments: [
    "", "MiB", "-1", "1 MiB", "1.MiB", ".5MiB", "1.2.3", "1e3", "1PiX", "99999999999999999999", "9999999999TiB",
    "9999999999.5TiB",
  ])
  func refuses(_ text: String) {
    #expect(ByteSizeText.parse(text) == nil)
  }

  @Test(arguments: [
    (0, "0B"), (1023, "1023B"), (1024, "1KiB"), (1536, "1.5KiB"), (67_108_864, "64MiB"), (-2048, "-2KiB"),
    (Int.min, "-8388608TiB"),
  ])
  func prints(_ bytes: Int, _ text: String) {
    #expect(ByteSizeText.format(bytes) == text)
  }
}

@Suite struct FloatTextTests {
  /// Expected texts are what Go 1.24's `strconv.FormatFloat(v, 'g', -1, 64)` and `'f'` print.
  @Test(
    arguments: [
      (0, "0", "0"), (-0.0, "-0", "-0"), (1, "1", "1"), (-1.5, "-1.5", "-1.5"), (0.002, "0.002", "0.002"),
      (16.384, "16.384", "16.384"), (100_000, "100000", "100000"), (999_999, "999999", "999999"),
      (1_000_000, "1e+06", "1000000"), (1_234_567, "1.234567e+06", "1234567"),
      (123_456.789, "123456.789", "123456.789"),
      (0.0001, "0.0001", "0.0001"), (0.00001, "1e-05", "0.00001"), (1e21, "1e+21", "1000000000000000000000"),
      (1.7976931348623157e308, "1.7976931348623157e+308", nil), (.leastNonzeroMagnitude, "5e-324", nil),
      (0.1 + 0.2, "0.30000000000000004", nil),
      (.infinity, "+Inf", "+Inf"), (-.infinity, "-Inf", "-Inf"), (.nan, "NaN", "NaN"),
    ] as [(Double, String, String?)])
  func printsAsGoDoes(_ value: Double, _ general: String, _ fixed: String?) {
    #expect(FloatText.general(value) == general)
    if let fixed { #expect(FloatText.fixed(value) == fixed) }
  }

  @Test func everyFormReadsBack() {
    var random = SeededRandom()
    for _ in 0..<20_000 {
      let value = Double(bitPattern: UInt64.random(in: .min ... .max, using: &random))
      guard value.isFinite else { continue }
      for text in [FloatText.general(value), FloatText.fixed(value), FloatText.openMetrics(value)] {
        #expect(Double(text)?.bitPattern == value.bitPattern, "\(text) \(random.note)")
      }
    }
  }

  @Test(arguments: [(1, "1.0"), (0.5, "0.5"), (1e6, "1e+06"), (-3, "-3.0"), (.infinity, "+Inf")] as [(Double, String)])
  func openMetricsKeepsAFraction(_ value: Double, _ text: String) {
    #expect(FloatText.openMetrics(value) == text)
  }

  @Test(
    arguments: [
      (12.3, 2, "12.30"), (0.005, 2, "0.01"), (-0.001, 2, "0.00"), (-1.5, 0, "-2"), (1e300, 2, nil), (.nan, 1, "NaN"),
    ] as [(Double, Int, String?)])
  func roundsForPeople(_ value: Double, _ decimals: Int, _ text: String?) {
    let printed = FloatText.rounded(value, decimals: decimals)
    if let text { #expect(printed == text) }
  }
}

@Suite struct DisplayWidthTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("한글", 4), ("👍", 2), ("👩‍👩‍👧", 2), ("❤️", 2), ("…", 1),
    ("a\u{200B}b", 2), ("\u{1B}", 0),
  ])
  func counts(_ text: String, _ columns: Int) {
    #expect(DisplayWidth.of(text) == columns)
  }

  @Test(arguments: [
    ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("abc", 0, ""), ("abc", 1, "…"),
  ])
  func cuts(_ text: String, _ columns: Int, _ shown: String) {
    #expect(DisplayWidth.truncated(text, to: columns) == shown)
    #expect(DisplayWidth.of(shown) <= columns)
  }

  @Test func fills() {
    #expect(DisplayWidth.padded("日", to: 4) == "日  ")
    #expect(DisplayWidth.padded("7", to: 3, alignRight: true) == "  7")
    #expect(DisplayWidth.padded("long", to: 2) == "long")
  }
}

@Suite struct TerminalTests {
  @Test func progressFitsItsLine() {
    #expect(
      ProgressBar.line(fraction: 0.5, note: "10 MB", elapsedSeconds: 4, columns: 60)
        == "[##########----------]  50%  10 MB  4s left")
    #expect(
      ProgressBar.line(fraction: 1, note: "x", elapsedSeconds: 4, columns: 60) == "[####################] 100%  x")
    #expect(ProgressBar.line(fraction: .nan, note: "reading", elapsedSeconds: 0, columns: 5) == "read…")
    #expect(ProgressBar.line(fraction: 7, note: "", elapsedSeconds: 0, columns: 28).count <= 28)
  }

  @Test func colourFollowsTheChoice() {
    #expect(ColorChoice.always.usesColor(on: -1))
    #expect(!ColorChoice.never.usesColor(on: 1))
    #expect(!ColorChoice.auto.usesColor(on: -1))
  }
}

@Suite struct LogTests {
  @Test func linesBelowTheLevelAreNotBuilt() {
    var built = 0
    func message() -> String {
      built += 1
      return "x"
    }
    Log(level: .warn) { _ in }.info(message())
    #expect(built == 0)
    Log(level: .warn) { record in #expect(record.fields.first?.value == "1") }.error(message(), ["n": "1"])
    #expect(built == 1)
  }
}

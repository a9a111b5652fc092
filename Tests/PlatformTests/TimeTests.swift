import Foundation
import TestSupport
import Testing

@testable import Platform

@Suite struct DurationTextTests {
  @Test(arguments: [
    ("0", 0), ("0s", 0), ("150ms", 150_000_000), ("30s", 30_000_000_000), ("5m", 300_000_000_000),
    ("1h30m", 5_400_000_000_000), ("2d", 172_800_000_000_000), ("1w", 604_800_000_000_000), ("1.5h", 5_400_000_000_000),
    ("1.5s250ms", 1_750_000_000), ("10us", 10_000), ("10µs", 10_000), ("10μs", 10_000), ("7ns", 7), ("0.5ns", 1),
    ("0.000000001s", 1), ("00005s", 5_000_000_000), ("106751d", 9_223_286_400_000_000_000),
  ])
  func accepts(_ text: String, _ nanoseconds: Int64) {
    #expect(DurationText.parse(text) == nanoseconds)
  }

  @Test(arguments: [
    "", "5", "s", "-5s", "+5s", "5 s", " 5s", "5s ", "5x", "5sm", ".5s", "5.s", "1..5s", "1.5.5s", "1e3s", "106752d",
    "99999999999999999999s", "٣s", "5S", "5M", "now", "5s-", "\0",
  ])
  func refuses(_ text: String) {
    #expect(DurationText.parse(text) == nil)
  }

  @Test(arguments: [
    (0, "0s"), (1, "1ns"), (1_500, "1us500ns"), (150_000_000, "150ms"), (90_000_000_000, "1m30s"),
    (5_400_000_000_000, "1h30m"), (172_800_000_000_000, "2d"), (-5_000_000_000, "-5s"),
    (Int64.min, "-106751d23h47m16s854ms775us808ns"),
  ])
  func prints(_ nanoseconds: Int64, _ text: String) {
    #expect(DurationText.format(nanoseconds) == text)
  }

  @Test func whatIsPrintedReadsBack() {
    var random = SeededRandom()
    for _ in 0..<10_000 {
      let nanoseconds = Int64.random(in: 0...Int64.max, using: &random) >> Int64.random(in: 0...62, using: &random)
      #expect(DurationText.parse(DurationText.format(nanoseconds)) == nanoseconds, "\(random.note)")
    }
  }
}

@Suite struct TimestampTests {
  private static let now = Timestamp(nanoseconds: 1_769_847_300_000_000_000)

  @Test(arguments: [
    ("2026-01-31T08:15:00Z", 1_769_847_300_000_000_000),
    ("2026-01-31t08:15:00z", 1_769_847_300_000_000_000),
    ("2026-01-31 08:15:00Z", 1_769_847_300_000_000_000),
    ("2026-01-31T10:15:00+02:00", 1_769_847_300_000_000_000),
    ("2026-01-31T02:45:00-0530", 1_769_847_300_000_000_000),
    ("2026-01-31T08:15:00.123456789Z", 1_769_847_300_123_456_789),
    ("2026-01-31T08:15:00.1234567899Z", 1_769_847_300_123_456_789),
    ("2026-01-31T08:15:00.5Z", 1_769_847_300_500_000_000),
    ("2026-01-31", 1_769_817_600_000_000_000),
    ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
    ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000),
    ("1969-12-31T23:59:59.999999999Z", -1),
    ("1769847300", 1_769_847_300_000_000_000),
    ("1769847300.25", 1_769_847_300_250_000_000),
    ("1769847300123", 1_769_847_300_123_000_000),
    ("1769847300123.5", 1_769_847_300_123_500_000),
    ("1769847300123456", 1_769_847_300_123_456_000),
    ("1769847300123456789", 1_769_847_300_123_456_789),
    ("0", 0),
    ("now", 1_769_847_300_000_000_000),
    ("now-15m", 1_769_846_400_000_000_000),
    ("now+5m", 1_769_847_600_000_000_000),
    ("-15m", 1_769_846_400_000_000_000),
  ])
  func accepts(_ text: String, _ nanoseconds: Int64) {
    #expect(Timestamp(text, now: Self.now)?.nanoseconds == nanoseconds)
  }

  @Test(arguments: [
    "", "yesterday", "now-", "now15m", "-", "-15", "15m", "2026-01-31T08:15:00 XYZ", "2026-13-01", "2026-02-29",
    "2026-00-10", "2026-01-32", "2026-01-31T24:00:00Z", "2026-01-31T08:60:00Z", "2026-01-31T08:15:61Z",
    "2026-01-31T08:15:00.Z", "2026-01-31T08:15:00Z ", "2026-1-31", "2026-01-31T08:15:00+25:00", "9999-01-01T00:00:00Z",
    "1.5.5", "1.", "1e9", "99999999999999999999", "-99999999999w", "2026-01-31T08:15:00+2", "\u{0}",
  ])
  func refuses(_ text: String) {
    #expect(Timestamp(text, now: Self.now) == nil)
  }

  @Test(arguments: [
    (1_769_847_300_000_000_000, "2026-01-31T08:15:00Z"), (1_769_847_300_120_000_000, "2026-01-31T08:15:00.120Z"),
    (1_769_847_300_000_001_000, "2026-01-31T08:15:00.000001Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
    (Int64.max, "2262-04-11T23:47:16.854775807Z"), (Int64.min, "1677-09-21T00:12:43.145224192Z"),
  ])
  func prints(_ nanoseconds: Int64, _ text: String) {
    #expect(Timestamp(nanoseconds: nanoseconds).rfc3339 == text)
  }

  @Test func whatIsPrintedReadsBack() {
    var random = SeededRandom()
    for _ in 0..<10_000 {
      let time = Timestamp(
        nanoseconds: Int64.random(in: -9_200_000_000_000_000_000...9_200_000_000_000_000_000, using: &random))
      #expect(Timestamp(rfc3339: time.rfc3339) == time, "\(random.note)")
    }
  }

  @Test func theCalendarAgreesWithFoundation() {
    var random = SeededRandom()
    let formatter = ISO8601DateFormatter()
    for _ in 0..<2_000 {
      let seconds = Int64.random(in: -9_000_000_000...9_000_000_000, using: &random)
      let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
      #expect(Timestamp(nanoseconds: seconds * 1_000_000_000).rfc3339 == expected, "\(random.note)")
    }
  }

  @Test func theEndsOfTimeHold() {
    #expect(Timestamp(nanoseconds: .max).advanced(byNanoseconds: 1).nanoseconds == .max)
    #expect(Timestamp(nanoseconds: .min).advanced(byNanoseconds: -1).nanoseconds == .min)
  }

  @Test(arguments: [
    "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
  ])
  func readsHeaderDates(_ text: String) {
    #expect(Timestamp(httpDate: text)?.rfc3339 == "1994-11-06T08:49:37Z")
  }

  @Test(arguments: [
    "", "Sun", "Sun, 06 Nov 1994", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "120",
    "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
  ])
  func refusesHeaderDates(_ text: String) {
    #expect(Timestamp(httpDate: text) == nil)
  }

  @Test func headerDatesReadBack() {
    var random = SeededRandom()
    for _ in 0..<1_000 {
      let time = Timestamp(nanoseconds: Int64.random(in: 0...4_000_000_000, using: &random) * 1_000_000_000)
      #expect(Timestamp(httpDate: time.httpDate) == time, "\(random.note)")
    }
  }
}

import AlertRules
import Platform

@testable import HTTPServer
@testable import Relay
@testable import TraceQL
@testable import Transport

extension FuzzTarget {
  /// Times, durations, sizes, addresses and encodings: what is accepted is in range and reads back from what it prints.
  static let text = FuzzTarget(
    "text",
    seeds: {
      [
        "2026-01-31T08:15:30.125+02:00", "now-15m", "1795400000.5", "1h30m", "1.5us", "64MiB", "1.5kB", "5m30s",
        "http://user:pw@[::1]:4318/v1?x=1", "grpcs://tempo.example.com:4317", "127.0.0.1:4318", "[::1]:1",
        "unix:/run/x",
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "120",
        "AQID/+==",
        "00fF10", "a%20b%C3%A9", "3.25",
      ].map { Array($0.utf8) }
    }
  ) { view in
    let text = String(view)
    try times(text)
    if let size = ByteSizeText.parse(text) { try hold(size >= 0, "the size \(text) is \(size)") }
    if let duration = PromDuration(text) {
      let written = PromDuration(milliseconds: duration.milliseconds)
      try hold(written.milliseconds == duration.milliseconds, "\(text) comes back as \(written)")
      try hold(PromDuration(written.text)?.milliseconds == duration.milliseconds, "\(written.text) is another duration")
    }
    if let nanoseconds = QueryDuration.parse(Array(text.utf8)[...]) {
      let written = QueryDuration.text(nanoseconds)
      try hold(QueryDuration.parse(Array(written.utf8)[...]) == nanoseconds, "\(text) comes back as \(written)")
    }
    try addresses(text)
    try encodings(view, text)
    if let value = Double(text), value.isFinite {
      for written in [FloatText.general(value), FloatText.openMetrics(value), FloatText.fixed(value)] {
        try hold(Double(written) == value, "\(text) is written as \(written)")
      }
    }
  }

  private static func times(_ text: String) throws {
    for time in [Timestamp(text, now: Timestamp(nanoseconds: .max - 5)), Timestamp(httpDate: text)] {
      guard let time else { continue }
      let again = Timestamp(rfc3339: time.rfc3339)
      // RFC 3339 is read for the years that nanoseconds cover from end to end.
      if abs(time.nanoseconds) < 9_200_000_000_000_000_000 {
        try hold(again == time, "\(text) is \(time.rfc3339), which is another time")
      }
    }
    if let duration = DurationText.parse(text) {
      try hold(duration >= 0, "the duration \(text) is \(duration)")
      try hold(DurationText.parse(DurationText.format(duration)) == duration, "\(text) does not come back")
    }
    if let wait = RetryAfter.parse(text, now: 784_111_777) {
      try hold(wait >= .zero && wait <= RetryAfter.maximum, "Retry-After: \(text) is \(wait)")
    }
  }

  private static func addresses(_ text: String) throws {
    if let url = try? HTTPURL(text, schemes: ["http", "https", "grpc", "grpcs"]) {
      let again = try HTTPURL(url.absolute, schemes: ["http", "https", "grpc", "grpcs"])
      try hold(again.absolute == url.absolute, "\(text) is \(url.absolute) and then \(again.absolute)")
      if let secret = url.userInfo, secret.count > 3, !url.host.contains(secret), !url.path.contains(secret) {
        try hold(
          url.query.contains(secret) || !url.description.contains(secret), "\(url.description) shows its password")
      }
    }
    if let address = try? ListenAddress(text) {
      try hold(try ListenAddress(address.description) == address, "\(text) is \(address), which is another address")
    }
  }

  private static func encodings(_ view: ByteView, _ text: String) throws {
    let base64 = Base64.encode(view)
    try hold(Array(base64.utf8).withByteView { Base64.decode($0) } == [UInt8](view), "\(base64) does not come back")
    if let bytes = Base64.decode(view) {
      let again = bytes.withByteView { Base64.encode($0) }
      try hold(Array(again.utf8).withByteView { Base64.decode($0) } == bytes, "\(text) does not come back")
    }
    try hold(Hex.decode(Hex.encode(view)) == [UInt8](view), "hex does not come back")
    if let bytes = Hex.decode(text) {
      try hold(bytes.withByteView { Hex.encode($0) } == text.lowercased(), "\(text) is other hex")
    }
    try hold(PercentEncoding.decode(PercentEncoding.encode(text)) == text, "\(text) does not come back")
    try hold(view.isValidUTF8 == (String(validating: [UInt8](view), as: UTF8.self) != nil), "UTF-8 is seen in two ways")
  }
}

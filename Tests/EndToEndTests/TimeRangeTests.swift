import Foundation
import TestSupport
import Testing

/// `--since`, `--start` and `--end`, and the times that they take.
@Suite struct TimeRangeTests {
  private static let shop = Fixtures.path("otlp/shop.jsonl")

  private func traces(_ arguments: [String], zone: String = "Europe/Berlin") throws -> [String] {
    let result = try Program.run(
      ["traceql", "{ }", "-n", "0", Self.shop] + arguments, environment: ["TZ": zone])
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    let document = try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any]
    return (document?["traces"] as? [[String: Any]] ?? []).compactMap { $0["traceID"] as? String }.sorted()
  }

  @Test("every time that is printed is read, with T or a blank, with a zone or in the user's")
  func spellings() throws {
    let expected = try traces(["--start", "2026-11-23T06:57:30.500Z"])
    let all = try traces([])
    #expect(expected.count > 10 && expected.count < all.count)
    for text in [
      "2026-11-23 06:57:30.500Z", "2026-11-23 06:57:30.500 UTC", "2026-11-23T07:57:30.500+01:00",
      "2026-11-23 07:57:30.500 +0100", "2026-11-23 07:57:30.500", "2026-11-23T07:57:30.500",
      "2026-11-23 07:57:30.500 CET", "1795417050.5", "1795417050500",
    ] {
      #expect(try traces(["--start", text]) == expected, "\(text)")
    }
    #expect(try traces(["--start", "2026-11-23 06:57:30.500"], zone: "UTC") == expected)
    for text in ["2026-11-23 06:57:30 XYZ", "2026-11-23 06:57:30 CEST"] {
      let refused = try Program.run(
        ["traceql", "{ }", Self.shop, "--start", text], environment: ["TZ": "Europe/Berlin"])
      #expect(refused.status == 2, "\(text)")
    }
    // What the table prints.
    let table = try Program.run(
      ["traceql", "{ }", "-n", "1", "--format", "table", Self.shop], environment: ["TZ": "Europe/Berlin"])
    let words = table.output.split(whereSeparator: { $0.isWhitespace }).map(String.init)
    let date = words.firstIndex { $0.hasPrefix("2026-") }.map { words[$0] + " " + words[$0 + 1] }
    let printed = try #require(date, "\(table.output)")
    #expect(try !traces(["--start", printed]).isEmpty)
  }

  @Test("a relay delivers the same spans, and does not delete what it leaves out")
  func relayed() throws {
    let middle = "2026-11-23T06:57:30Z"
    func spans(_ arguments: [String]) throws -> Int {
      let result = try Program.run(["relay", "--once", "--to", "-", Self.shop] + arguments)
      #expect(result.status == 0, "\(result.errors)")
      return result.output.components(separatedBy: #""spanId":"#).count - 1
    }
    let before = try spans(["--end", middle])
    let after = try spans(["--start", middle])
    let all = try spans([])
    #expect(before > 100 && after > 100 && before + after == all)
    let refused = try Program.run(["relay", "--once", "--delete", "--to", "-", Self.shop, "--start", middle])
    #expect(refused.status == 2)
    #expect(FileManager.default.fileExists(atPath: Self.shop))
    #expect(try Program.run(["relay", "--to", "-", "--start", middle]).status == 2)
  }

  @Test("correlate looks at the same stretch")
  func window() throws {
    func window(_ arguments: [String]) throws -> [String: String]? {
      let result = try Program.run(["correlate", "--service", "cart", "--from", Self.shop] + arguments)
      let document = try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any]
      return document?["window"] as? [String: String]
    }
    let expected = try #require(try window(["--at", "2026-11-23T06:57:00Z", "--window", "4m"]))
    #expect(expected["start"] == "2026-11-23T06:55:00Z" && expected["end"] == "2026-11-23T06:59:00Z")
    #expect(try window(["--start", "2026-11-23T06:55:00Z", "--end", "2026-11-23T06:59:00Z"]) == expected)
    #expect(try window(["--since", "4m", "--end", "2026-11-23 06:59:00 UTC"]) == expected)
    let refused = try Program.run(
      ["correlate", "--service", "cart", "--from", Self.shop, "--since", "4m", "--window", "1h"])
    #expect(refused.status == 2 && refused.errors.contains("exclude"))
  }

  @Test("spans of files that start in the range are counted, others are not")
  func metrics() throws {
    func spans(_ arguments: [String]) throws -> Int? {
      let result = try Program.run(["spanmetrics", Self.shop] + arguments)
      #expect(result.status == 0, "\(result.errors)")
      return (try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any])?["spans"] as? Int
    }
    let middle = "2026-11-23T06:57:30Z"
    let before = try #require(try spans(["--end", middle]))
    let after = try #require(try spans(["--start", middle]))
    #expect(before > 100 && after > 100)
    #expect(before + after == 1948)
    let start = "2026-11-23T06:57:00Z"
    #expect(try spans(["--since", "30s", "--end", middle]) == spans(["--start", start, "--end", middle]))
    #expect(try spans(["--since", "1h"]) == 0)
    let followed = try Program.run(["spanmetrics", Self.shop, "--follow", "--start", middle])
    #expect(followed.status == 2)
    #expect(try Program.run(["spanmetrics", Self.shop, "--start", middle, "--end", middle]).status == 2)
  }
}

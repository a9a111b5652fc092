import Foundation
import JSON
import OTLP
import TestSupport
import Testing
import TraceFormats

@testable import TraceQL

/// The answers of a real Tempo over the same traces.
@Suite struct RecordedAnswersTests {
  struct Recorded: Sendable, CustomTestStringConvertible {
    let line: String
    let query: String
    var testDescription: String { query }

    var fields: [String: Any] {
      (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any] ?? [:]
    }
  }

  static let recorded: [Recorded] = {
    guard let text = try? Fixtures.text("traceql/answers.jsonl") else { return [] }
    return text.split(separator: "\n").compactMap { line in
      guard let fields = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
        let query = fields["query"] as? String
      else { return nil }
      return Recorded(line: String(line), query: query)
    }
  }()

  @Test func areEightyTwo() {
    #expect(RecordedAnswersTests.recorded.count == 82)
  }

  @Test(arguments: recorded, ["otlp/shop.otlp", "otlp/shop.jsonl"])
  func isGivenByTheLocalEngine(_ recorded: Recorded, _ input: String) throws {
    let fields = recorded.fields
    if fields["status"] as? Int == 400 {
      #expect(throws: QueryError.self) { try Query(parsing: recorded.query) }
      return
    }
    let query = try Query(parsing: recorded.query)
    var options = LocalEngine.Options()
    options.limit = 0
    options.spansPerSpanset = 0
    options.threads = 2
    var json = JSONWriter()
    if fields["kind"] as? String == "metrics" {
      let start = try #require(fields["start"] as? Int)
      let end = try #require(fields["end"] as? Int)
      options.range = TimeRange(start: UInt64(start) * 1_000_000_000, end: UInt64(end) * 1_000_000_000)
      options.step = try #require(fields["step"] as? Int) * 1_000_000_000
      try LocalEngine(query, options).metrics(.input(TraceInput([Fixtures.path(input)]))).write(to: &json)
      try expectSeries(json.bytes, fields)
    } else {
      try LocalEngine(query, options).search(.input(TraceInput([Fixtures.path(input)]))).write(to: &json)
      try expectTraces(json.bytes, fields)
    }
  }

  private func body(_ bytes: [UInt8], _ key: String) throws -> [[String: Any]] {
    let body = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    return try #require(body[key] as? [[String: Any]])
  }

  /// Traces as sorted text: ids, root, duration, and for each spanset its size, its attributes, its spans and, where the
  /// recording has them, what was selected of each.
  private func expectTraces(_ bytes: [UInt8], _ recorded: [String: Any]) throws {
    let expected = try #require(recorded["traces"] as? [[String: Any]])
    var selects: Set<String> = []
    var wanted: [String] = []
    for trace in expected {
      let spansets = try #require(trace["spanSets"] as? [[String: Any]]).map { spanset in
        let spans = (spanset["spans"] as? [[Any]] ?? []).map { span -> String in
          guard span.count > 1 else { return "\(span[0])" }
          for pair in span[1] as? [[Any]] ?? [] { selects.insert("\(pair[0])") }
          return "\(span[0]) \(pairs(span[1]))"
        }
        return "\(spanset["matched"] ?? 0) \(pairs(spanset["attributes"] ?? [])) \(spans.sorted())"
      }
      wanted.append(
        "\(trace["traceID"] ?? "") \(trace["rootServiceName"] ?? "") \(trace["rootTraceName"] ?? "") "
          + "\(trace["durationMs"] ?? 0) \(spansets.sorted())")
    }
    let found = try body(bytes, "traces").map { trace in
      let spansets = try #require(trace["spanSets"] as? [[String: Any]]).map { spanset in
        let spans = (spanset["spans"] as? [[String: Any]] ?? []).map { span -> String in
          let id = "\(span["spanID"] ?? "")"
          if selects.isEmpty { return id }
          return "\(id) \(pairs(keyValues(span["attributes"])))"
        }
        return "\(spanset["matched"] ?? 0) \(pairs(keyValues(spanset["attributes"]))) \(spans.sorted())"
      }
      return "\(trace["traceID"] ?? "") \(trace["rootServiceName"] ?? "") \(trace["rootTraceName"] ?? "") "
        + "\(trace["durationMs"] ?? 0) \(spansets.sorted())"
    }
    let missing = Set(wanted).subtracting(found).sorted()
    let extra = Set(found).subtracting(wanted).sorted()
    #expect(found.count == wanted.count)
    #expect(missing.isEmpty && extra.isEmpty, "missing \(missing.prefix(2))\nextra \(extra.prefix(2))")
  }

  private func keyValues(_ attributes: Any?) -> [[Any]] {
    (attributes as? [[String: Any]] ?? []).map { [$0["key"] ?? "", $0["value"] ?? [:]] }
  }

  private func pairs(_ attributes: Any) -> String {
    (attributes as? [[Any]] ?? []).map { pair in
      let value = (pair[1] as? [String: Any])?.map { "\($0.key):\($0.value)" }.first ?? ""
      return "\(pair[0])=\(value)"
    }.sorted().description
  }

  private func expectSeries(_ bytes: [UInt8], _ recorded: [String: Any]) throws {
    func samples(_ list: [[Any]]) -> [Int: Double] {
      Dictionary(
        list.compactMap { sample in
          guard let time = sample[0] as? Int, let value = (sample[1] as? NSNumber)?.doubleValue else { return nil }
          return (time, value)
        }, uniquingKeysWith: { first, _ in first })
    }
    var wanted: [String: [Int: Double]] = [:]
    for series in try #require(recorded["series"] as? [[String: Any]]) {
      wanted[pairs(series["labels"] ?? [])] = samples(series["samples"] as? [[Any]] ?? [])
    }
    var found: [String: [Int: Double]] = [:]
    for series in try body(bytes, "series") {
      let list = (series["samples"] as? [[String: Any]] ?? []).map { sample -> [Any] in
        [Int("\(sample["timestampMs"] ?? "")") ?? 0, sample["value"] ?? 0]
      }
      let nonZero = samples(list).filter { $0.value != 0 }
      found[pairs(keyValues(series["labels"]))] = nonZero
    }
    #expect(Set(found.keys) == Set(wanted.keys))
    for (labels, samples) in wanted {
      let computed = found[labels] ?? [:]
      #expect(Set(computed.keys) == Set(samples.keys), "\(labels)")
      for (time, value) in samples {
        let other = computed[time] ?? .nan
        #expect(abs(other - value) <= 1e-9 * abs(value), "\(labels) at \(time): \(other), Tempo \(value)")
      }
    }
  }
}

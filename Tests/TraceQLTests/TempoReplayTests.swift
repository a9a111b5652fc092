import Compression
import Foundation
import JSON
import OTLP
import Platform
import TestSupport
import Testing
import TraceFormats

@testable import TraceQL

/// What a real Tempo answered to random queries over random traces, recorded by `Scripts/tempo-difference.py --record`:
/// several events and links, orphans, several roots, values of mixed types, clocks that do not agree.
@Suite struct TempoReplayTests {
  private static func lines(_ name: String) throws -> [[String: Any]] {
    let bytes = try Fixtures.bytes("traceql/difference/\(name)")
    var text = ByteBuffer()
    var decompressor = Decompressor()
    try bytes.withByteView { view throws(CompressionError) in
      try decompressor.decompress(view, .gzip, into: &text, limit: 64 << 20)
    }
    return try String(text.view).split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test func answersAreTempos() throws {
    let recorded = try Self.lines("answers.jsonl.gz")
    let range = try #require(recorded.first)
    var options = LocalEngine.Options()
    options.limit = 0
    options.spansPerSpanset = 0
    options.threads = 1
    options.step = try #require(range["step"] as? Int) * Int(Nanoseconds.perSecond)
    let (start, end) = (try #require(range["start"] as? Int), try #require(range["end"] as? Int))
    let (from, to) = (Timestamp(seconds: Double(start)), Timestamp(seconds: Double(end)))
    options.range = TimeRange(start: UInt64(from.nanoseconds), end: UInt64(to.nanoseconds))
    let source = try Self.traces()
    var compared = 0
    for entry in recorded.dropFirst() {
      let text = try #require(entry["query"] as? String)
      if entry["refused"] != nil {
        #expect(throws: (any Error).self, "\(text)") {
          _ = try LocalEngine(Query(parsing: text), options).search(source)
        }
        continue
      }
      let query = try Query(parsing: text)
      var json = JSONWriter()
      if query.isMetrics {
        try LocalEngine(query, options).metrics(source).write(to: &json)
        #expect(Self.isSame(try Self.series(json.bytes), entry["series"] as Any), "\(text)")
      } else {
        try LocalEngine(query, options).search(source).write(to: &json)
        #expect(Self.isSame(try Self.traces(json.bytes), entry["traces"] as Any), "\(text)")
      }
      compared += 1
    }
    #expect(compared > 200)
  }

  /// The traces as one request in protobuf, decoded once.
  private static func traces() throws -> TraceSource {
    let input = try TraceInput([Fixtures.path("traceql/difference/traces.jsonl.gz")])
    var decoder = TraceDecoder()
    var bytes: [UInt8] = []
    while let chunk = try input.next() {
      try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in bytes += [UInt8](request.bytes) }
    }
    return .memory(bytes)
  }

  // MARK: Answers in the shape of the recording

  private static func object(_ bytes: [UInt8]) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }

  private static func traces(_ bytes: [UInt8]) throws -> Any {
    var traces: [String: Any] = [:]
    for trace in try object(bytes)["traces"] as? [[String: Any]] ?? [] {
      let id = trace["traceID"] as? String ?? ""
      traces[id] = (trace["spanSets"] as? [[String: Any]] ?? []).map { set -> [String: Any] in
        var spans: [String: Any] = [:]
        for span in set["spans"] as? [[String: Any]] ?? [] {
          spans[span["spanID"] as? String ?? ""] = values(span["attributes"])
        }
        return ["matched": set["matched"] ?? 0, "spans": spans, "attributes": values(set["attributes"])]
      }
    }
    return traces
  }

  private static func series(_ bytes: [UInt8]) throws -> Any {
    (try object(bytes)["series"] as? [[String: Any]] ?? []).map { series -> [Any] in
      let labels = (series["labels"] as? [[String: Any]] ?? []).map { [$0["key"] ?? "", plain($0["value"])] }
        .sorted { "\($0[0])" < "\($1[0])" }
      var samples: [String: Any] = [:]
      for sample in series["samples"] as? [[String: Any]] ?? [] {
        let value = sample["value"] ?? 0
        if (value as? Double) != 0, (value as? String) != "NaN" {
          samples[sample["timestampMs"] as? String ?? ""] = value
        }
      }
      return [labels, samples]
    }
  }

  private static func values(_ attributes: Any?) -> [String: Any] {
    var values: [String: Any] = [:]
    for attribute in attributes as? [[String: Any]] ?? [] {
      values[attribute["key"] as? String ?? ""] = plain(attribute["value"])
    }
    return values
  }

  private static func plain(_ value: Any?) -> Any {
    guard let (kind, value) = (value as? [String: Any])?.first else { return "" }
    switch kind {
    case "intValue": return Int("\(value)") ?? 0
    case "arrayValue": return ((value as? [String: Any])?["values"] as? [Any] ?? []).map { plain($0) }
    default: return value
    }
  }

  /// Whether two answers agree: numbers nearly, lists in any order.
  private static func isSame(_ ours: Any, _ theirs: Any) -> Bool {
    switch (ours, theirs) {
    case (let a as [String: Any], let b as [String: Any]):
      return a.count == b.count && a.allSatisfy { key, value in b[key].map { isSame(value, $0) } ?? false }
    case (let a as [Any], let b as [Any]):
      guard a.count == b.count else { return false }
      var left = b
      return a.allSatisfy { element in
        guard let place = left.firstIndex(where: { isSame(element, $0) }) else { return false }
        left.remove(at: place)
        return true
      }
    case (let a as String, let b as String): return a == b
    case (let a as NSNumber, let b as NSNumber):
      return abs(a.doubleValue - b.doubleValue) <= 1e-9 * max(1e-3, abs(a.doubleValue))
    default: return false
    }
  }
}

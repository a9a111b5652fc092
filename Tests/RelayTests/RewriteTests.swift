import Foundation
import OTLP
import Platform
import TestSupport
import Testing

@testable import Relay

/// Cutting requests and setting resource attributes without decoding them.
@Suite struct RewriteTests {
  /// A request of random shape: resources, scopes, spans, unknown fields.
  private func request(_ random: inout SeededRandom) -> [UInt8] {
    var message = ByteBuffer()
    for _ in 0..<Int.random(in: 0...4, using: &random) {
      message.appendField(1) { resourceSpans in
        if Bool.random(using: &random) {
          resourceSpans.appendField(1) { resource in
            for name in ["service.name", "host.name", "region"] where Bool.random(using: &random) {
              resource.appendField(1) { attribute in
                attribute.appendField(1, string: name)
                attribute.appendField(2) { $0.appendField(1, string: "v\(Int.random(in: 0...9, using: &random))") }
              }
            }
            resource.appendField(2, varint: 5)
          }
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
          resourceSpans.appendField(2, reserving: 3) { scopeSpans in
            scopeSpans.appendField(1) { $0.appendField(1, string: "scope") }
            for _ in 0..<Int.random(in: 0...12, using: &random) {
              scopeSpans.appendField(2) { span in
                var id = ByteBuffer()
                id.append(bigEndian: UInt64.random(in: 1 ... .max, using: &random))
                id.append(bigEndian: UInt64.random(in: 1 ... .max, using: &random))
                span.appendField(1, bytes: id.view)
                span.appendField(5, string: String(repeating: "n", count: Int.random(in: 0...300, using: &random)))
              }
            }
            scopeSpans.appendField(3, string: "schema")
          }
        }
        resourceSpans.appendField(3, string: "schema")
      }
    }
    return [UInt8](message.view)
  }

  /// Every span with what encloses it, and its bytes.
  private func rows(_ body: [UInt8], without names: Set<String> = []) throws -> [String] {
    var rows: [String] = []
    try body.withByteView { view in
      try RequestView(view).resourceSpans.forEach { (resourceSpans) throws(WireError) in
        var attributes: [String] = []
        try resourceSpans.resource.attributes.forEach { (attribute) throws(WireError) in
          guard !names.contains(String(attribute.key)) else { return }
          if case .string(let value) = try attribute.value {
            attributes.append("\(String(attribute.key))=\(String(value))")
          }
        }
        try resourceSpans.scopeSpans.forEach { (scopeSpans) throws(WireError) in
          try scopeSpans.spans.forEach { (span) throws(WireError) in
            rows.append(
              "\(attributes) \(String(resourceSpans.schemaURL)) \(String(scopeSpans.scope.name)) "
                + "\(String(scopeSpans.schemaURL)) \(Hex.encode(span.traceID)) \(String(span.name))")
          }
        }
      }
    }
    return rows
  }

  @Test("parts hold every span once, in order, with what enclosed it, within the limits")
  func split() throws {
    for seed in 1...300 as ClosedRange<UInt64> {
      var random = SeededRandom(seed: seed)
      let body = request(&random)
      let splitter = RequestSplitter(
        maxItems: Int.random(in: 1...20, using: &random), maxBytes: Int.random(in: 500...4000, using: &random))
      var parts: [[UInt8]] = []
      try body.withByteView { view in
        let walk = try RequestWalk(view)
        try splitter.split(view, signal: .traces, items: walk.items) { part, items in
          let bytes = [UInt8](part.view)
          #expect(
            items <= splitter.maxItems || !splitter.mustSplit(items: walk.items, bytes: view.count), "seed \(seed)")
          #expect(bytes.count <= splitter.maxBytes, "seed \(seed)")
          parts.append(bytes)
        }
      }
      #expect(try parts.flatMap { try rows($0) } == rows(body), "seed \(seed)")
    }
  }

  /// Metrics of all five kinds, with points, without, and with fields that the relay does not know.
  private func metrics(_ random: inout SeededRandom) -> [UInt8] {
    var message = ByteBuffer()
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      message.appendField(1, reserving: 2) { resource in
        resource.appendField(2, reserving: 2) { scope in
          for index in 0..<Int.random(in: 0...6, using: &random) {
            scope.appendField(2, reserving: 2) { metric in
              metric.appendField(1, string: "metric \(index)")
              let field = [5, 7, 9, 10, 11].randomElement(using: &random) ?? 5
              metric.appendField(field, reserving: 2) { data in
                data.appendField(2, varint: 2)
                for _ in 0..<Int.random(in: 0...40, using: &random) {
                  data.appendField(1) { point in
                    point.appendField(3, fixed64: random.next())
                    point.appendField(7, string: String(repeating: "n", count: Int.random(in: 0...90, using: &random)))
                  }
                }
                data.appendField(3, varint: 1)
              }
              metric.appendField(12, string: "metadata")
              metric.appendField(99, varint: 7)
            }
          }
        }
      }
    }
    return [UInt8](message.view)
  }

  /// Every data point with the metric and the data that enclose it, and how many metrics hold none.
  private func points(_ body: [UInt8]) throws -> (points: [String], bare: Int) {
    var rows: [String] = []
    var bare = 0
    for metric in try Telemetry.values(2, in: Telemetry.values(2, in: Telemetry.values(1, in: [body]))) {
      var header: [UInt8] = []
      var data: [(field: Int, bytes: [UInt8])] = []
      try metric.withByteView { view in
        header = try RequestSplitter.fields(of: view) { !MetricData.isData($0) }
        var cursor = WireCursor(view)
        while let tag = try cursor.nextTag() {
          if MetricData.isData(tag) {
            data.append((tag.field, [UInt8](try cursor.bytes())))
          } else {
            try cursor.skip(tag)
          }
        }
      }
      let found = try data.flatMap { one in
        let enclosing = try one.bytes.withByteView { view in
          try RequestSplitter.fields(of: view) { $0 != MetricData.pointTag }
        }
        return try Telemetry.values(1, in: [one.bytes]).map { "\(header) \(one.field) \(enclosing) \($0)" }
      }
      if found.isEmpty { bare += 1 }
      rows += found
    }
    return (rows, bare)
  }

  @Test("metrics are cut between data points, each of which stays what it is")
  func splitMetrics() throws {
    for seed in 1...300 as ClosedRange<UInt64> {
      var random = SeededRandom(seed: seed)
      let body = metrics(&random)
      let splitter = RequestSplitter(
        maxItems: Int.random(in: 1...20, using: &random), maxBytes: Int.random(in: 400...2000, using: &random))
      let expected = try points(body)
      var found: [String] = []
      var bare = 0
      try body.withByteView { view in
        let walk = try RequestWalk(view, signal: .metrics)
        #expect(walk.items == expected.points.count, "seed \(seed)")
        var parts: [[UInt8]] = []
        try splitter.split(view, signal: .metrics, items: walk.items) { part, items in
          let isWhole = !splitter.mustSplit(items: walk.items, bytes: view.count)
          #expect(isWhole || items <= splitter.maxItems, "seed \(seed)")
          #expect(part.count <= splitter.maxBytes, "seed \(seed)")
          #expect((try? RequestWalk(part.view, signal: .metrics))?.items == items, "seed \(seed)")
          parts.append([UInt8](part.view))
        }
        for part in parts {
          let rows = try points(part)
          found += rows.points
          bare += rows.bare
        }
      }
      #expect(found == expected.points, "seed \(seed)")
      #expect(bare == expected.bare, "seed \(seed)")
    }
  }

  @Test("attributes are set on every resource, once, and nothing else changes")
  func splice() throws {
    let splice = ResourceSplice([("region", "first"), ("team", "a"), ("region", "eu")])
    for seed in 1...300 as ClosedRange<UInt64> {
      var random = SeededRandom(seed: seed)
      let body = request(&random)
      var out = ByteBuffer()
      try body.withByteView { (view) throws(WireError) in try splice.apply(to: view, into: &out) }
      let spliced = [UInt8](out.view)
      #expect(
        try rows(spliced, without: ["region", "team"]) == rows(body, without: ["region", "team"]), "seed \(seed)")
      for row in try rows(spliced) {
        #expect(row.components(separatedBy: "region=").count == 2, "seed \(seed)")
        #expect(row.contains("\"region=eu\"") && row.contains("\"team=a\""), "seed \(seed)")
      }
    }
  }
}

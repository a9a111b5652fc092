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

import Foundation
import Platform
import TestSupport
import Testing

@testable import SpanMetrics

/// Names and what Tempo's span name sanitization (main, August 2026) made of each, one after the other:
/// `Fixtures/spanmetrics/span-names.tempo.jsonl`.
@Suite struct SpanNameClusterTests {
  private static func recorded() throws -> [(name: String, pattern: String)] {
    try Fixtures.text("spanmetrics/span-names.tempo.jsonl").split(separator: "\n").map { line in
      let pair = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String])
      return (pair[0], pair[1])
    }
  }

  @Test func sameNamesInTheSameOrderGiveTempoPatterns() throws {
    var tree = NameTree()
    let names = try Self.recorded()
    #expect(names.count == 2000)
    for (index, (name, pattern)) in names.enumerated() {
      let own = tree.train(name) ?? name
      if own != pattern { Issue.record("\(index), \(name.debugDescription): \(own), Tempo has \(pattern)") }
    }
  }

  /// What is remembered of names changes nothing.
  @Test func rememberedPatternsAreThoseOfTheTree() throws {
    var tree = NameTree()
    let clusters = SpanNameClusters()
    for (name, _) in try Self.recorded() {
      let expected = tree.train(name).flatMap { $0 == name ? nil : $0 }
      let own = Array(name.utf8).withByteView { clusters.pattern(of: $0) }
      #expect(own.map { String(decoding: $0, as: UTF8.self) } == expected, "\(name)")
    }
  }

  @Test func seriesHaveThePatternsAsNames() throws {
    let spans = ["GET /users/17", "GET /users/4711", "GET /users/4712", "tick", "GET /users/17"].map { TestSpan($0) }
    let snapshot = try count(spans) { $0.clusters = SpanNameClusters() }
    #expect(snapshot.values(of: "span_name") == ["GET /users/17", "GET /users/<_>", "tick"])
    #expect(snapshot.all.map(\.calls).sorted() == [1, 1, 3])
  }
}

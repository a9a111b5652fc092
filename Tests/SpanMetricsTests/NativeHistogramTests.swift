import Foundation
import TestSupport
import Testing

@testable import SpanMetrics

@Suite struct NativeHistogramTests {
  /// Bounds of client_golang's table, schema 3, from a half to below 1.
  private static let schema3 = [
    0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048, 0.7071067811865475, 0.7711054127039704,
    0.8408964152537144, 0.9170040432046711,
  ]

  @Test func boundsBelongToTheBucketBelow() {
    for (index, bound) in Self.schema3.enumerated() {
      // Its bounds are not all the nearest number to what they stand for.
      #expect(NativeHistogram.key(bound, schema: 3) == Int32(index) - 8)
      #expect(NativeHistogram.key(bound.nextUp.nextUp, schema: 3) == Int32(index) - 7)
      #expect(NativeHistogram.key(bound * 1024, schema: 3) == Int32(index) - 8 + 80)
    }
    for (value, schema, key) in [
      (1.0, 0, 0), (1.5, 0, 1), (2, 0, 1), (4, -1, 1), (4.1, -1, 2), (1, -4, 0), (0.5, -4, 0),
    ] {
      #expect(NativeHistogram.key(value, schema: Int32(schema)) == Int32(key), "\(value) \(schema)")
    }
  }

  @Test(arguments: [(1.1, 3), (1.5, 1), (2, 0), (4, -1), (65536, -4), (1.002, 8), (1.0001, 8)])
  func factorsChooseTempoSchemas(_ factor: Double, _ schema: Int) {
    #expect(NativeHistogram.schema(factor: factor) == Int32(schema))
  }

  /// Neither the order of values nor how they are spread over threads changes anything.
  @Test func orderAndMergingDoNotMatter() {
    var random = SeededRandom()
    for limit in [0, 4, 20, 100] {
      let values = (0..<300).map { _ in exp(Double.random(in: -20...5, using: &random)) } + [0, 0]
      func histogram(_ values: some Sequence<Double>) -> NativeHistogram {
        var histogram = NativeHistogram(schema: 3)
        for value in values { histogram.add(value, count: 1, limit: limit) }
        return histogram
      }
      let whole = histogram(values)
      #expect(whole.count == 302 && whole.zeroCount == 2)
      #expect(limit == 0 || whole.keys.count <= limit)
      #expect(histogram(values.shuffled(using: &random)) == whole, "\(random.note)")
      var merged = histogram(values[..<100])
      merged.merge(histogram(values[100...]), limit: limit)
      #expect(merged == whole, "\(random.note)")
    }
  }
}

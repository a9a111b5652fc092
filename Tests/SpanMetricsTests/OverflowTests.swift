import OTLP
import SpanMetrics
import Testing

/// Whatever comes, totals are right, memory is bounded, and every value is fit to be a label.
@Suite struct OverflowTests {
  @Test func whatDoesNotFitIsCountedTogether() throws {
    let spans = (0..<500).map { TestSpan("name \($0)") }
    let snapshot = try count(spans + spans) { $0.maxSeries = 100 }
    #expect(snapshot.seriesCount == 101)
    #expect(snapshot.all.reduce(0) { $0 + $1.calls } == 1000)
    #expect(snapshot.overflowed == 800)
    #expect(snapshot.labelTexts.last == "metric_overflow=true")
    #expect(snapshot.all.last?.calls == 800)
    #expect(snapshot.widestLabel?.name == "span_name")
    #expect(snapshot.widestLabel?.values == 100)
  }

  @Test func newValuesOfOtherLabelsOverflowToo() throws {
    let spans = (0..<50).map { number in TestSpan("a").with { $0.attributes = [("user", .int(number))] } }
    let requests = (0..<50).map { encode([("service.name", .text("s\($0)"))], spans) }
    let snapshot = try count(requests) {
      $0.maxSeries = 10
      $0.dimensions = ["user"]
      $0.includesTargetInfo = true
    }
    #expect(snapshot.seriesCount == 11)
    #expect(snapshot.all.reduce(0) { $0 + $1.calls } == 2500)
    #expect(snapshot.widestLabel?.name == "user")
  }

  @Test func mergingKeepsTheLimit() throws {
    var configuration = SpanMetricsConfiguration()
    configuration.maxSeries = 100
    let first = try Aggregator(configuration)
    let second = try Aggregator(configuration)
    let names = (0..<200).map { TestSpan("name \($0)") }
    for (aggregator, spans) in [(first, names.prefix(100)), (second, names.suffix(100))] {
      try encode([], Array(spans)).withByteView { try aggregator.consume(RequestView($0)) }
    }
    first.merge(second)
    let snapshot = first.snapshot()
    #expect(snapshot.seriesCount == 101)
    #expect(snapshot.all.reduce(0) { $0 + $1.calls } == 200)
    #expect(snapshot.overflowed == 100)
  }

  @Test func longAndBrokenValuesBecomeLabels() throws {
    let long = Array(repeating: UInt8(ascii: "x"), count: 10 << 20)
    let euros = Array(repeating: Array("€".utf8), count: 1000).flatMap { $0 }
    let names: [[UInt8]] = [
      long, long + [1], euros, [0xFF, 0xFE], [0xC3], Array("ok".utf8) + [0xED, 0xA0, 0x80], [0], Array("\n\"\\".utf8),
      [],
      Array(repeating: 0xFF, count: 5000),
    ]
    let spans = names.map { name in TestSpan("").with { $0.name = name } }
    let snapshot = try count(spans + spans)
    #expect(snapshot.all.reduce(0) { $0 + $1.calls } == Double(2 * names.count))
    for value in snapshot.values(of: "span_name") { #expect(value.utf8.count <= 2048) }
    let texts = Set(snapshot.values(of: "span_name"))
    // The two long names are one once cut.
    #expect(texts.count == names.count - 1)
    #expect(texts.contains(String(repeating: "€", count: 682)))
    #expect(texts.contains("\u{FFFD}\u{FFFD}"))
  }

  @Test func damagedRequestsAreErrorsNotCrashes() throws {
    let request = encode(
      [("service.name", .text("api"))], [TestSpan("a").with { $0.attributes = [("k", .array([.int(1)]))] }])
    for cut in 0..<request.count {
      // Whether a cut request is an error depends on where it was cut; it must only never do harm.
      _ = try? count([Array(request.prefix(cut))]) { $0.dimensions = ["k"] }
    }
    for index in request.indices {
      var damaged = request
      damaged[index] ^= 0xFF
      _ = try? count([damaged]) {
        $0.dimensions = ["k"]
        $0.serviceGraph = ServiceGraphConfiguration()
        $0.includesTargetInfo = true
      }
    }
  }
}

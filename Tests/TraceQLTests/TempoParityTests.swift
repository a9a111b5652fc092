import Testing

@testable import TraceQL

/// Small questions whose answers were not Tempo's.
@Suite struct TempoParityTests {
  private func metrics(_ query: String, _ spans: [TestTraces.Span], _ range: TimeRange? = nil) throws -> MetricsResult {
    var options = LocalEngine.Options()
    options.range = range
    options.step = 10_000_000_000
    return try LocalEngine(Query(parsing: query), options).metrics(.memory(TestTraces.request(spans)))
  }

  @Test func goodIsAllWhereNothingFails() throws {
    let spans = [TestTraces.Span(start: 5), .init(id: 2, start: 25)]
    let good = try metrics("({ } | count_over_time()) - ({ status = error } | count_over_time())", spans)
    #expect(good.series.map(\.values) == [[1, 0, 1]])
    let share = try metrics("({ status = error } | rate()) / ({ } | rate())", spans)
    #expect(share.series.count == 1)
    #expect(share.series[0].values[0] == 0)
    // Of what is grouped nobody knows which series there could be.
    #expect(try metrics("{ status = error } | rate() by (name)", spans).series.isEmpty)
  }

  @Test func aRangeBeginsOneStepEarlyAndEndsWithAWholeStep() throws {
    let spans = (0..<80).map { TestTraces.Span(id: UInt8($0 + 1), start: 845 + UInt64($0), end: 2_000) }
    let result = try metrics(
      "{ } | count_over_time()", spans, TimeRange(start: 860_000_000_000, end: 915_000_000_000))
    #expect(result.intervals == Intervals(first: 86, last: 92, step: 10_000_000_000))
    #expect(result.series.map(\.values) == [[10, 10, 10, 10, 10, 10, 10]])
  }

  private func shown(_ query: String, _ span: TestTraces.Span) throws -> [String] {
    try LocalEngine(Query(parsing: query)).search(.memory(TestTraces.request([span]))).traces.flatMap(\.spansets)
      .flatMap(\.spans).flatMap { $0.attributes.map { "\($0.name)=\($0.value.text)" } }
  }

  @Test func bytesAndMapsAreNoValues() throws {
    let span = TestTraces.Span(attributes: [("b", .bytes([1])), ("m", .map), ("t", .text("x"))])
    #expect(try shown("{ } | select(span.b, span.m, span.t)", span) == ["t=x"])
  }

  @Test func anUnscopedNameIsOfTheSpanOrItsResource() throws {
    let attributes: [String: TestTraces.Value] = ["e": .int(1)]
    let span = TestTraces.Span(
      attributes: [("both", .int(1))], resource: [("both", .int(2)), ("r", .int(3))], scope: [("s", .int(4))],
      events: [("x", attributes)], links: [(1, attributes)])
    #expect(try shown("{ .both = 1 && .r = 3 }", span) == ["both=1", "r=3"])
    #expect(try shown("{ .e != nil || .s != nil }", span) == [])
  }

  @Test func valuesOfAListAreItsElements() throws {
    let spans = [
      TestTraces.Span(attributes: [("a", .texts(["y", "x"]))]), .init(id: 2, attributes: [("a", .text("x"))]),
    ]
    let values = try TagValues(of: .named(.span, "a"), in: .memory(TestTraces.request(spans)), .init()).values
    #expect(values.map(\.text) == ["x", "y"])
  }

  @Test func compareCountsChildren() throws {
    let spans = [TestTraces.Span(isError: true), .init(id: 2, parent: 1), .init(id: 3, parent: 1)]
    let names = try metrics("{ } | compare({ status = error })", spans).series.map(\.labelText)
    #expect(names.contains("{__meta_type=\"selection\", span:childCount=\"2\"}"), "\(names)")
    #expect(names.contains("{__meta_type=\"baseline\", span:childCount=\"0\"}"), "\(names)")
  }

  @Test func exemplarsComeWhereTheyAreAskedFor() throws {
    let spans = (1..<40).map { TestTraces.Span(id: $0, trace: $0, start: UInt64($0), end: UInt64($0) + 2) }
    #expect(try metrics("{ } | rate()", spans).series[0].exemplars.isEmpty)
    let durations = try metrics("{ } | max_over_time(duration) with(exemplars=true)", spans).series[0].exemplars
    #expect(durations.count == 4)
    #expect(durations.map(\.value) == [2, 2, 2, 2])
    #expect(durations[0].traceID.hasSuffix("01"))
    #expect(try metrics("{ } | rate() with(exemplars=2)", spans).series[0].exemplars.count == 2)
  }
}

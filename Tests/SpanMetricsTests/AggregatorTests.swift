import OTLP
import SpanMetrics
import Testing
import TraceQL

@Suite struct AggregatorTests {
  @Test func labelsAndCounts() throws {
    let snapshot = try count([
      TestSpan("b"), TestSpan("a").with { $0.kind = .client }, TestSpan("a").with { $0.status = .error },
      TestSpan("a").with { $0.status = .error },
    ])
    #expect(
      snapshot.labelTexts.sorted() == [
        "service_name=api span_kind=SPAN_KIND_CLIENT span_name=a status_code=STATUS_CODE_UNSET",
        "service_name=api span_kind=SPAN_KIND_SERVER span_name=a status_code=STATUS_CODE_ERROR",
        "service_name=api span_kind=SPAN_KIND_SERVER span_name=b status_code=STATUS_CODE_UNSET",
      ])
    #expect(snapshot.all.map(\.calls).sorted() == [1, 1, 2])
    #expect(snapshot.spans == 4)
  }

  @Test func aSpanThatEndsBeforeItStartsTakesNoTime() throws {
    let series = try #require(try count([TestSpan("a").with { $0.end = 5 }]).all.first)
    #expect(series.latency.sum == 0)
    #expect(series.latency.cumulative.allSatisfy { $0 == 1 })
  }

  @Test func sumsDoNotOverflow() throws {
    let span = TestSpan("a").with {
      $0.start = 0
      $0.end = .max
    }
    let series = try #require(try count(Array(repeating: span, count: 10)).all.first)
    #expect(abs(series.latency.sum - 10 * 18_446_744_073.709553) < 1)
    #expect(series.latency.cumulative.dropLast().allSatisfy { $0 == 0 })
  }

  @Test(arguments: [
    (2_000_000 as UInt64, 0), (2_000_001, 1), (0, 0), (4_000_000, 1), (16_384_000_000, 13), (16_384_000_001, 14),
  ])
  func boundsAreInclusive(_ duration: UInt64, _ bucket: Int) throws {
    let series = try #require(try count([TestSpan("a").with { $0.duration = duration }]).all.first)
    #expect(series.latency.cumulative.firstIndex(of: 1) == bucket)
  }

  // MARK: Dimensions

  @Test func theSpanComesBeforeItsResource() throws {
    let resource: [(String, TestValue)] = [("service.name", .text("api")), ("zone", .text("r"))]
    let snapshot = try count([
      encode(resource, [TestSpan("a"), TestSpan("b").with { $0.attributes = [("zone", .text("s"))] }])
    ]) { $0.dimensions = ["zone"] }
    #expect(snapshot.values(of: "zone") == ["r", "s"])
  }

  @Test(arguments: [
    (TestValue.int(-12), "-12"), (.bool(true), "true"), (.double(0.25), "0.25"),
    (.double(1e21), "1000000000000000000000"),
    (.double(3), "3"), (.text("x"), "x"), (.array([.int(1), .text("b")]), "[1b]"), (.text(""), ""),
    (.string([0x61, 0xFF, 0x62]), "a\u{FFFD}b"),
  ])
  func valuesAreWrittenAsTempoDoes(_ value: TestValue, _ text: String) throws {
    let snapshot = try count([TestSpan("a").with { $0.attributes = [("k", value)] }]) { $0.dimensions = ["k"] }
    #expect(snapshot.values(of: "k") == [text])
  }

  @Test(arguments: [
    ("http.route", "http_route"), ("service", "__service"), ("span_name", "__span_name"), ("le", "__le"),
    ("0day", "_0day"), ("größe", "gr__e"), ("cluster", "__cluster"), ("service_name", "__service_name"),
  ])
  func namesAreSanitizedAndKeptApart(_ attribute: String, _ label: String) throws {
    var configuration = SpanMetricsConfiguration()
    configuration.dimensions = [attribute]
    configuration.externalLabels = ["cluster"]
    let copy = configuration
    let snapshot = try count([TestSpan("a").with { $0.attributes = [(attribute, .text("v"))] }]) { $0 = copy }
    #expect(snapshot.values(of: label) == ["v"])
    #expect(configuration.notes.isEmpty == !label.hasPrefix("__"))
  }

  @Test func ofTwoAttributesWithOneLabelTheLastPresentCounts() throws {
    let spans = [
      TestSpan("1").with { $0.attributes = [("a.b", .text("x")), ("a_b", .text("y"))] },
      TestSpan("2").with { $0.attributes = [("a.b", .text("z"))] },
    ]
    var notes: [String] = []
    let snapshot = try count(spans) {
      $0.dimensions = ["a.b", "a_b"]
      notes = $0.notes
    }
    #expect(snapshot.values(of: "a_b") == ["y", "z"])
    #expect(notes.count == 1)
  }

  @Test func mappedDimensionsJoinWhatIsThere() throws {
    let spans = [
      TestSpan("1").with { $0.attributes = [("a", .text("x")), ("b", .int(2))] },
      TestSpan("2").with { $0.attributes = [("b", .text("z"))] }, TestSpan("3"),
    ]
    let snapshot = try count(spans) {
      $0.dimensionMaps = [DimensionMap(name: "a and b", sources: ["a", "b"], separator: "/")]
    }
    #expect(snapshot.values(of: "a_and_b") == ["", "x/2", "z"])
  }

  @Test func statusMessageIsALabelOnRequest() throws {
    let spans = [TestSpan("1").with { $0.message = "timeout" }, TestSpan("1")]
    #expect(try count(spans).all.count == 1)
    #expect(try count(spans) { $0.includesStatusMessage = true }.values(of: "status_message") == ["", "timeout"])
  }

  @Test func severalServiceLabels() throws {
    let snapshot = try count([TestSpan("a")]) { $0.serviceLabels = ["service", "service_name"] }
    #expect(snapshot.values(of: "service") == ["api"])
    #expect(snapshot.values(of: "service_name") == ["api"])
  }

  // MARK: Weights

  @Test func aSampledSpanCountsForTheOthers() throws {
    let spans = [
      TestSpan("a").with { $0.attributes = [("ratio", .double(0.25))] }, TestSpan("a"),
      TestSpan("a").with { $0.attributes = [("ratio", .double(0))] },
      TestSpan("a").with { $0.attributes = [("ratio", .int(4))] },
    ]
    let series = try #require(try count(spans) { $0.multiplierAttribute = "ratio" }.all.first)
    #expect(series.calls == 7)
    #expect(abs(series.latency.sum - 7 * 0.005) < 1e-15)
  }

  @Test func weightsThatNoBinaryNumberHoldsAddUpExactlyInAnyOrder() throws {
    let ratios = [0.3, 0.7, 0.1, 1e-6, 0.9999, 0.3, 0.2]
    func calls(_ ratios: [Double]) throws -> Double? {
      try count(ratios.map { ratio in TestSpan("a").with { $0.attributes = [("ratio", .double(ratio))] } }) {
        $0.multiplierAttribute = "ratio"
      }.all.first?.calls
    }
    let expected = try calls(ratios)
    #expect(try calls(ratios.reversed()) == expected)
    #expect(abs((expected ?? 0) - ratios.reduce(0) { $0 + 1 / $1 }) < 1e-6)
    #expect(try calls([0.3]) == 1 / 0.3)
  }

  // MARK: Size, target info, filter

  @Test func sizesAreThoseOfTheProtobufEncoding() throws {
    let span = TestSpan("a")
    // The span's own bytes are what remains of the request without the lengths around it.
    let request = encode([], [span])
    let body = try request.withByteView { view in
      var size = 0
      try RequestView(view).resourceSpans.forEach { (group) throws(WireError) in
        try group.scopeSpans.forEach { (scope) throws(WireError) in
          try scope.spans.forEach { size += $0.bytes.count }
        }
      }
      return size
    }
    let total = try #require(try count([span, span]) { $0.size = .total }.all.first?.size)
    #expect(total.sum == Double(2 * body))
    #expect(total.cumulative.isEmpty)
    let histogram = try #require(try count([span, span]) { $0.size = .histogram }.all.first?.size)
    #expect(histogram.sum == Double(2 * body))
    #expect(histogram.count == 2)
  }

  @Test func targetInfoNamesJobAndInstance() throws {
    let resource: [(String, TestValue)] = [
      ("service.name", .text("api")), ("service.namespace", .text("shop")), ("service.instance.id", .text("7")),
      ("host.name", .text("h")), ("job", .text("mine")), ("1st", .text("no")),
    ]
    let snapshot = try count([encode(resource, [TestSpan("a")]), encode(resource, [TestSpan("b")])]) {
      $0.includesTargetInfo = true
    }
    #expect(
      snapshot.targets.map { $0.map { "\($0.name)=\($0.value)" } } == [
        ["__job=mine", "host_name=h", "instance=7", "job=shop/api"]
      ])
    #expect(snapshot.values(of: "job") == ["shop/api", "shop/api"])
    #expect(snapshot.values(of: "instance") == ["7", "7"])
  }

  @Test func filteredSpansAreNotCounted() throws {
    let spans = [
      TestSpan("a").with { $0.attributes = [("n", .int(5))] }, TestSpan("b").with { $0.kind = .client }, TestSpan("c"),
    ]
    for (text, names) in [
      ("{ span.n > 4 }", ["a"]), ("{ kind = client } | { name = \"b\" }", ["b"]),
      ("{ resource.service.name = \"x\" }", []),
      ("{ resource.service.name = \"api\" && name != \"c\" }", ["a", "b"]), ("{ }", ["a", "b", "c"]),
    ] {
      let snapshot = try count(spans) { $0.filter = try SpanCondition(Query(parsing: text)) }
      #expect(snapshot.values(of: "span_name") == names, "\(text)")
    }
    #expect(try SpanCondition(Query(parsing: "{ kind = client } >> { }")) == nil)
    #expect(try SpanCondition(Query(parsing: "{ rootName = \"x\" }")) == nil)
    #expect(try SpanCondition(Query(parsing: "{ } | rate()")) == nil)
  }

  // MARK: Exemplars

  @Test func theSlowestSpanStandsForItsBucket() throws {
    let spans = [
      TestSpan("a").with {
        $0.trace = 1
        $0.duration = 5_000_000
      },
      TestSpan("a").with {
        $0.trace = 2
        $0.duration = 7_000_000
      },
      TestSpan("a").with {
        $0.trace = 3
        $0.duration = 6_000_000
        $0.status = .error
      },
      TestSpan("a").with { $0.trace = 0 },
    ]
    let snapshot = try count(spans) { $0.keepsExemplars = true }
    let slow = try #require(snapshot.all.first { $0.counterExemplar == nil })
    #expect(slow.exemplars.compactMap { $0 }.map(\.traceID) == ["00000000000000000000000000000002"])
    #expect(slow.exemplars[2]?.nanoseconds == 7_000_000)
    let failed = try #require(snapshot.all.first { $0.counterExemplar != nil })
    #expect(failed.counterExemplar?.traceID.hasSuffix("3") == true)
    #expect(failed.counterExemplar?.spanID == "0000000000000001")
  }

  // MARK: Configuration

  @Test func configurationsThatCannotWorkAreRefused() {
    let bad: [(inout SpanMetricsConfiguration) -> Void] = [
      { $0.latencyBuckets = [] }, { $0.latencyBuckets = [1, 1] }, { $0.latencyBuckets = [2, 1] },
      { $0.latencyBuckets = [0] }, { $0.latencyBuckets = [.nan] }, { $0.latencyBuckets = [.infinity] },
      { $0.serviceLabels = [] }, { $0.serviceLabels = ["a b"] }, { $0.serviceLabels = [""] },
      { $0.serviceLabels = ["__name__"] }, { $0.dimensions = [""] }, { $0.maxSeries = 0 },
      { $0.dimensions = (0...40).map { "d\($0)" } },
      { $0.dimensionMaps = [DimensionMap(name: "a", sources: [])] },
      { $0.dimensionMaps = [DimensionMap(name: "", sources: ["a"])] },
    ]
    for (index, change) in bad.enumerated() {
      var configuration = SpanMetricsConfiguration()
      change(&configuration)
      let refused = configuration
      #expect(throws: ConfigurationError.self, "case \(index)") { try refused.validate() }
    }
  }
}

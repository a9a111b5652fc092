import TestSupport
import Testing

@testable import TraceQL

/// Spans with several events and links.
@Suite struct ElementTests {
  private let span: [UInt8]

  /// One span with the events a (i=1, k=x) and b (i=2) and the links to ..01 (n=1) and ..02 (n=2).
  init() throws {
    span = TestTraces.request([
      .init(
        events: [("a", ["i": .int(1), "k": .text("x")]), ("b", ["i": .int(2)])],
        links: [(1, ["n": .int(1)]), (2, ["n": .int(2)])])
    ])
  }

  private func shown(_ query: String) throws -> [String] {
    let result = try LocalEngine(Query(parsing: query)).search(.memory(span))
    return result.traces.flatMap(\.spansets).flatMap { spanset in
      spanset.attributes.map { "\($0.name)=\($0.value.text)" }
        + spanset.spans.flatMap { $0.attributes.map { "\($0.name)=\($0.value.text)" } }
    }
  }

  @Test(arguments: [
    ("{ event.i = 2 }", ["i=2"]),
    ("{ event:name = \"b\" }", ["event:name=b"]),
    ("{ event:name = \"b\" } | select(event.i)", ["event:name=b", "i=2"]),
    ("{ event.i > 0 && event.k != nil }", ["i=1", "k=x"]),
    ("{ event.i = 1 && event:name = \"b\" }", ["i=1", "event:name=b"]),
    ("{ event.i = 7 || event.i = 2 }", ["i=2"]),
    ("{ } | select(event.i)", ["i=[1, 2]"]),
    ("{ link.n = 2 } | select(link:spanID)", ["n=2", "link:spanID=0000000000000002"]),
    ("{ event.i = 2 } | by(event.i)", ["by(event.i)=2", "i=2"]),
    ("{ } | by(event:name)", ["by(event:name)=a", "event:name=[a, b]", "by(event:name)=b", "event:name=[a, b]"]),
    (
      "{ } | by(link.n) | count() > 0",
      ["by(link.n)=1", "count()=1", "n=[1, 2]", "by(link.n)=2", "count()=1", "n=[1, 2]"]
    ),
    ("{ } | max(event.i) > 1", ["max(event.i)=2", "i=[1, 2]"]),
    ("{ event.i = 1 } | max(event.i) > 1", []),
  ])
  func valuesAreThoseOfTheElementThatMatched(_ query: String, _ expected: [String]) throws {
    #expect(try shown(query) == expected)
  }

  private func series(_ query: String) throws -> [String] {
    let result = try LocalEngine(Query(parsing: query)).metrics(.memory(span))
    return result.series.map { "\($0.labelText) \($0.values.filter { !$0.isNaN }.reduce(0, +))" }
  }

  @Test(arguments: [
    ("{ event:name = \"b\" } | count_over_time() by (event.i)", ["{event.i=\"2\"} 1.0"]),
    ("{ } | count_over_time() by (event.i)", ["{event.i=\"1\"} 1.0", "{event.i=\"2\"} 1.0"]),
    ("{ } | count_over_time() by (event.k)", ["{event.k=\"x\"} 1.0"]),
    ("{ } | count_over_time() by (event.none)", ["{event.none=\"nil\"} 1.0"]),
    (
      "{ } | count_over_time() by (event:name, event.i)",
      [
        "{event:name=\"a\", event.i=\"1\"} 1.0", "{event:name=\"b\", event.i=\"2\"} 1.0",
      ]
    ),
    ("{ } | sum_over_time(event.i)", ["{__name__=\"sum_over_time\"} 3.0"]),
    ("{ link.n = 2 } | sum_over_time(link.n)", ["{__name__=\"sum_over_time\"} 2.0"]),
    // The two pipelines ask for different events of the same span.
    (
      "({ event.i = 1 } | sum_over_time(event.i)) - ({ event.i = 2 } | sum_over_time(event.i))",
      [
        "{__name__=\"(sum_over_time - sum_over_time)\"} -1.0"
      ]
    ),
  ])
  func seriesCountTheElementsThatMatched(_ query: String, _ expected: [String]) throws {
    #expect(try series(query) == expected)
  }

  @Test func valuesOfATagAreThoseOfAllElements() throws {
    let values = try TagValues(of: .intrinsic(.eventName), in: .memory(span), .init()).values
    #expect(values.map(\.text) == ["a", "b"])
    let links = try TagValues(of: .named(.link, "n"), in: .memory(span), .init()).values
    #expect(links.map(\.text) == ["1", "2"])
  }
}

import OTLP
import Platform
import Testing

@testable import TraceQL

/// Traces made for one question each.
@Suite struct LocalEngineTests {
  /// A span in few words; times are in seconds.
  struct Span {
    var id: UInt8
    var parent: UInt8 = 0
    var name: String
    var start: UInt64 = 1
    var end: UInt64 = 2
    var kind: UInt64 = 0
    var trace: UInt8 = 1
    var attributes: [(String, Int)] = []
    var events: [String] = []
  }

  private func request(_ spans: [Span]) -> [UInt8] {
    var request = ByteBuffer()
    request.appendField(1) { resource in
      resource.appendField(2) { scope in
        for span in spans {
          scope.appendField(2) { message in
            message.appendField(1, string: String(repeating: "\u{0}", count: 15) + String(UnicodeScalar(span.trace)))
            message.appendField(2, string: String(repeating: "\u{0}", count: 7) + String(UnicodeScalar(span.id)))
            if span.parent != 0 {
              message.appendField(4, string: String(repeating: "\u{0}", count: 7) + String(UnicodeScalar(span.parent)))
            }
            message.appendField(5, string: span.name)
            message.appendField(6, varint: span.kind)
            message.appendField(7, fixed64: span.start * 1_000_000_000)
            message.appendField(8, fixed64: span.end * 1_000_000_000)
            for (key, value) in span.attributes {
              message.appendField(9) { attribute in
                attribute.appendField(1, string: key)
                attribute.appendField(2) { $0.appendField(3, varint: UInt64(bitPattern: Int64(value))) }
              }
            }
            for event in span.events { message.appendField(11) { $0.appendField(2, string: event) } }
          }
        }
      }
    }
    return Array(request.view)
  }

  /// The names of the spans that a query leaves, by trace.
  private func names(_ query: String, _ spans: [Span]) throws -> [[String]] {
    var options = LocalEngine.Options()
    options.spansPerSpanset = 0
    options.threads = 2
    let result = try LocalEngine(Query(parsing: query), options).search(.memory(request(spans)))
    return result.traces.map { $0.spansets.flatMap(\.spans).map(\.name) }
  }

  private var tree: [Span] {
    [
      Span(id: 1, name: "root"), Span(id: 2, parent: 1, name: "a"), Span(id: 3, parent: 1, name: "b"),
      Span(id: 4, parent: 2, name: "a1"), Span(id: 5, parent: 4, name: "a11"), Span(id: 6, parent: 9, name: "orphan"),
      Span(id: 7, parent: 6, name: "below"),
    ]
  }

  @Test(arguments: [
    ("{ name = \"a\" } > { }", ["a1"]), ("{ name = \"a\" } >> { }", ["a1", "a11"]),
    ("{ name = \"a11\" } < { }", ["a1"]), ("{ name = \"a11\" } << { }", ["root", "a", "a1"]),
    ("{ name = \"a\" } ~ { }", ["b"]), ("{ name = \"root\" } ~ { }", []),
    ("{ name = \"root\" } !> { }", ["root", "a1", "a11", "orphan", "below"]),
    ("{ name = \"root\" } !>> { }", ["root", "orphan", "below"]),
    ("{ name = \"a\" } !~ { }", ["root", "a", "a1", "a11", "orphan", "below"]),
    ("{ name = \"a1\" } !<< { }", ["b", "a1", "a11", "orphan", "below"]),
    ("{ name = \"a\" } &> { name =~ \"a.*\" }", ["a", "a1"]),
    ("{ name = \"root\" } &>> { name = \"a11\" }", ["root", "a11"]),
    ("{ name = \"a11\" } &<< { name = \"a\" }", ["a", "a11"]), ("{ name = \"a\" } &~ { name = \"b\" }", ["a", "b"]),
    ("{ name = \"orphan\" } > { }", ["below"]), ("{ name = \"missing\" } > { }", []),
    ("{ nestedSetParent = -1 }", ["root"]), ("{ nestedSetLeft = 0 }", ["orphan", "below"]),
    ("{ span:childCount = 2 }", ["root"]), ("{ rootName = \"root\" && name = \"b\" }", ["b"]),
    ("{ name = \"a\" } && { name = \"nothing\" }", []), ("{ name = \"a\" } || { name = \"nothing\" }", ["a"]),
    ("{ span:id = \"0000000000000003\" }", ["b"]), ("{ span:parentID = \"0000000000000006\" }", ["below"]),
    ("{ trace:id = \"00000000000000000000000000000001\" && name = \"a\" }", ["a"]),
    ("{ trace:id = \"1\" && name = \"a\" }", ["a"]),
  ])
  func relatesSpans(_ query: String, _ expected: [String]) throws {
    let found = try names(query, tree).first ?? []
    #expect(found.sorted() == expected.sorted(), "\(query)")
  }

  @Test func survivesCyclesAndRepeatedIDs() throws {
    let spans = [
      Span(id: 1, parent: 2, name: "x"), Span(id: 2, parent: 1, name: "y"), Span(id: 3, parent: 3, name: "self"),
      Span(id: 4, name: "twice"), Span(id: 4, name: "twice"), Span(id: 4, name: "twice"),
      Span(id: 5, parent: 4, name: "z"),
    ]
    for query in ["{ } >> { }", "{ } << { }", "{ } ~ { }", "{ } !>> { }", "{ } &~ { }", "{ nestedSetLeft >= 0 }"] {
      _ = try names(query, spans)
    }
    // The kind tells the two sides of a call that Zipkin gives one id.
    let call = [
      Span(id: 1, name: "client", kind: 3), Span(id: 1, name: "server", kind: 2),
      Span(id: 2, parent: 1, name: "inner", kind: 3),
    ]
    #expect(try names("{ name = \"server\" } > { }", call) == [["inner"]])
    #expect(try names("{ name = \"client\" } > { }", call) == [])
  }

  @Test(arguments: [
    ("{ .n / 2 = 3 }", true), ("{ .n / 2.0 = 3.5 }", true), ("{ .n % 4 = 3 }", true), ("{ .n / 0 = 1 }", false),
    ("{ .n ^ 2 = 49 }", true), ("{ -.n = -7 }", true), ("{ .n != \"7\" }", false), ("{ .n >= \"2\" }", false),
    ("{ .missing != 1 }", false), ("{ .missing = nil }", true), ("{ !.missing }", false),
    ("{ .missing || .n = 7 }", true),
    ("{ duration = 1s }", true), ("{ duration * 2 > 1900ms }", true), ("{ duration > 999999999 }", true),
    ("{ event:name = \"second\" }", true), ("{ event:name != \"first\" }", true), ("{ event:name = \"third\" }", false),
    ("{ event:name =~ \"se.*\" && event:name = \"first\" }", true), ("{ name =~ \"spa\" }", false),
    ("{ name =~ \"s.*n\" }", true),
    ("{ name !~ \"s.*\" }", false), ("{ kind = unspecified && status = unset }", true),
    ("{ .n = 9223372036854775807 + 1 }", false), ("{ .n * 9223372036854775807 != 0 }", true),
  ])
  func computes(_ query: String, _ holds: Bool) throws {
    let span = Span(id: 1, name: "span", attributes: [("n", 7)], events: ["first", "second"])
    #expect(try names(query, [span]).isEmpty == !holds, "\(query)")
  }

  @Test func stopsARegularExpressionThatRunsAway() throws {
    let span = Span(id: 1, name: String(repeating: "a", count: 5_000) + "!")
    #expect(throws: EngineError.self) { try names("{ name =~ \"(a+)+[!?]{2}\" }", [span]) }
  }

  @Test func groupsByWhatOnlyTheTraceTells() throws {
    var options = LocalEngine.Options()
    options.step = 60_000_000_000
    let query = try Query(parsing: "{ } | count_over_time() by (rootName)")
    let result = try LocalEngine(query, options).metrics(.memory(request(tree)))
    #expect(result.series.map(\.labelText) == ["{rootName=\"root\"}"])
    #expect(result.series.first?.values == [7])
  }

  @Test func refusesTwoSpansetsBesideAnOperator() {
    #expect(throws: EngineError.self) { try names("({ } | by(name) | count() > 0) >> ({ } | count() > 0)", tree) }
  }

  @Test func limitsIntervals() throws {
    var options = LocalEngine.Options()
    options.step = 1
    let spans = [Span(id: 1, name: "early"), Span(id: 2, name: "late", start: 1_000_000)]
    #expect(throws: EngineError.self) {
      try LocalEngine(Query(parsing: "{ } | rate()"), options).metrics(.memory(request(spans)))
    }
  }

  @Test func keepsTheLatestTraces() throws {
    let spans = (1...50).map {
      Span(id: UInt8($0), name: "t\($0)", start: UInt64($0), end: UInt64($0) + 1, trace: UInt8($0))
    }
    var options = LocalEngine.Options()
    options.limit = 3
    let result = try LocalEngine(Query(parsing: "{ }"), options).search(.memory(request(spans)))
    #expect(result.traces.map(\.rootTraceName) == ["t50", "t49", "t48"])
  }
}

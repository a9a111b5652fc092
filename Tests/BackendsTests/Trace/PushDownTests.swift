import Testing
import TraceQL

@testable import Backends

@Suite struct PushDownTests {
  private func demands(_ query: String) throws -> PushDown { try PushDown(Query(parsing: query)) }

  @Test func takesWhatOneSpanMustHave() throws {
    let result = try demands(
      #"{ resource.service.name = "api" && name = "GET /" && span.http.status = 500 && .retry = true && duration > 800ms && duration <= 2s && status = error && kind = server }"#
    )
    #expect(result.service == "api")
    #expect(result.operation == "GET /")
    #expect(result.minimumDuration == 800_000_000)
    #expect(result.maximumDuration == 2_000_000_000)
    let expected = [("http.status", "500"), ("retry", "true"), ("error", "true"), ("span.kind", "server")]
    #expect(result.tags == expected.map { PushDown.Tag(key: $0.0, value: $0.1) })
  }

  @Test(arguments: [
    ("{ }", nil), (#"{ resource.service.name = "a" || name = "b" }"#, nil),
    (#"{ resource.service.name != "a" }"#, nil), (#"{ resource.service.name =~ "a.*" }"#, nil),
    (#"{ !(resource.service.name = "a") }"#, nil), (#"{ "a" = resource.service.name }"#, "a"),
    (#"{ resource.service.name = "a" } && { status = error }"#, "a"),
    (#"{ resource.service.name = "a" } || { status = error }"#, nil),
    (#"{ name = "x" } >> { resource.service.name = "a" }"#, "a"),
    (#"{ resource.service.name = "a" } !>> { name = "x" }"#, nil),
    (#"{ name = "x" } !>> { resource.service.name = "a" }"#, "a"),
    (#"{ resource.service.name = "a" } | count() > 2"#, "a"),
    (#"{ name = "x" } | { resource.service.name = "a" }"#, "a"),
    (#"{ resource.service.name = "a" } | rate()"#, "a"),
  ])
  func findsTheService(_ query: String, expected: String?) throws {
    #expect(try demands(query).service == expected, "\(query)")
  }

  @Test func resultsOfStructuralOperatorsAreOtherSpans() throws {
    let result = try demands(#"{ resource.service.name = "a" } >> { status = error } | { name = "x" }"#)
    #expect(result.service == "a")
    #expect(result.operation == nil)
  }

  @Test func zipkinParameters() throws {
    let result = try demands(#"{ resource.service.name = "Api" && .a = "b" && status = error && duration > 5ms }"#)
    let parameters = ZipkinClient.parameters(result).map { "\($0.0)=\($0.1)" }
    #expect(parameters == ["serviceName=api", "annotationQuery=a=b and error", "minDuration=5000"])
    #expect(ZipkinClient.parameters(try demands("{ kind = server }")).isEmpty)
    #expect(ZipkinClient.parameters(try demands(#"{ .a = "x and y" }"#)).isEmpty)
  }
}

import Foundation
import TestSupport
import Testing

/// Who learns which secret.
@Suite struct CorrelateCredentialTests {
  private let prometheus: StubServer
  private let loki: StubServer
  private let tempo: StubServer
  private let directory: TemporaryDirectory

  init() throws {
    let range = try Fixtures.answer("prometheus/query-range.json")
    let lines = try Fixtures.answer("loki/query-range.json")
    let search = try Fixtures.answer("tempo/search.json")
    let trace = try Fixtures.tempoTrace()
    let exemplars = try Fixtures.answer("prometheus/exemplars.json")
    let levels = try Fixtures.answer("loki/query-range-matrix.json")
    prometheus = try StubServer { $0.path.hasSuffix("exemplars") ? exemplars : range }
    loki = try StubServer { $0.query["query"]?.hasPrefix("sum") == true ? levels : lines }
    tempo = try StubServer { $0.path == "/api/search" ? search : trace }
    directory = try TemporaryDirectory()
    for name in ["shared", "own"] { try name.write(toFile: directory.path(name), atomically: true, encoding: .utf8) }
  }

  private func run(_ options: [String], environment: [String: String] = [:]) throws -> ProgramResult {
    try Program.run(
      ["correlate", "--service", "s", "--prometheus", prometheus.url, "--tempo", tempo.url] + options,
      environment: environment)
  }

  private func seen(_ server: StubServer, _ header: String) -> Set<String?> {
    Set(server.requests.map { $0.headers[header] })
  }

  @Test func sharedCredentialsAreNotForSeveralServers() throws {
    for (option, value) in [
      ("bearer-token-file", directory.path("shared")), ("header", "X-Key: secret"), ("tenant", "t"),
    ] {
      let result = try run(["--\(option)", value])
      #expect(result.status == 2)
      #expect(result.errorLines.count == 1)
      for part in ["--\(option) would go", "--prometheus-\(option), --tempo-\(option)", "--share-credentials"] {
        #expect(result.errors.contains(part), "\(result.errors)")
      }
      #expect(!result.errors.contains("secret"))
    }
    let variable = try run([], environment: ["ONGRID_BEARER_TOKEN_FILE": directory.path("shared")])
    #expect(variable.status == 2)
    #expect(variable.errors.contains("ONGRID_BEARER_TOKEN_FILE would go"))
    #expect(prometheus.requests.isEmpty && tempo.requests.isEmpty)
  }

  @Test func eachSourceHasItsOwn() throws {
    let result = try run(
      ["--prometheus-bearer-token-file", directory.path("own"), "--tempo-tenant", "t"],
      environment: ["ONGRID_TEMPO_HEADERS": "X-Key: k", "ONGRID_LOKI_URL": loki.url])
    #expect(result.status == 0, "\(result.errors)")
    #expect(seen(prometheus, "authorization") == ["Bearer own"])
    #expect(seen(prometheus, "x-scope-orgid") == [nil])
    #expect(seen(tempo, "authorization") == [nil])
    #expect(seen(tempo, "x-scope-orgid") == ["t"])
    #expect(seen(tempo, "x-key") == ["k"])
    for header in ["authorization", "x-scope-orgid", "x-key"] { #expect(seen(loki, header) == [nil]) }
  }

  @Test func theRestMayShareWhereItIsOneServer() throws {
    let result = try run([
      "--prometheus-bearer-token-file", directory.path("own"), "--bearer-token-file", directory.path("shared"),
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(seen(prometheus, "authorization") == ["Bearer own"])
    #expect(seen(tempo, "authorization") == ["Bearer shared"])
  }

  @Test func sharesWhenTold() throws {
    let result = try run(["--bearer-token-file", directory.path("shared"), "--share-credentials"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(seen(prometheus, "authorization") == ["Bearer shared"])
    #expect(seen(tempo, "authorization") == ["Bearer shared"])
  }

  @Test func readsNetrcWhenTold() throws {
    let file = directory.path("netrc")
    try "machine 127.0.0.1 login ann password 'p#1\n".write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try run([], environment: ["NETRC": file]).status == 0)
    #expect(seen(tempo, "authorization") == [nil])
    #expect(try run(["--netrc"], environment: ["NETRC": file]).status == 0)
    #expect(seen(tempo, "authorization").contains("Basic " + Data("ann:'p#1".utf8).base64EncodedString()))
    let missing = try run(["--netrc"], environment: ["NETRC": directory.path("none")])
    #expect(missing.status == 3)
    #expect(missing.errors.contains("cannot read \(directory.path("none"))"), "\(missing.errors)")
  }

  @Test func connectionsToTempoAreKept() throws {
    let ids = Set((1...50).map { String(format: "%032x", $0) })
    let list = ids.map {
      "{\"traceID\":\"\($0)\",\"rootServiceName\":\"s\",\"startTimeUnixNano\":\"1\",\"durationMs\":9}"
    }
    let trace = try Fixtures.tempoTrace()
    let tempo = try StubServer { request in
      request.path == "/api/search" ? .ok("{\"traces\":[\(list.joined(separator: ","))]}") : trace
    }
    let result = try Program.run(["correlate", "--service", "s", "--tempo", tempo.url])
    #expect(result.status == 0, "\(result.errors)")
    let fetches = tempo.requests.count { $0.path.contains("/traces/") }
    #expect(fetches > 32, "\(fetches)")
    // Each search and each question about metrics may have one of its own.
    let questions = tempo.requests.count - fetches
    // Traces are fetched twice, by sixteen workers each time.
    #expect(tempo.connectionCount <= questions + 32)
  }
}

import Foundation
import TestSupport
import Testing

/// The `correlate` command from outside.
@Suite struct CorrelateCommandTests {
  private func sources() throws -> [(name: String, server: StubServer)] {
    let range = try Fixtures.answer("prometheus/query-range.json")
    let exemplars = try Fixtures.answer("prometheus/exemplars.json")
    let lines = try Fixtures.answer("loki/query-range.json")
    let levels = try Fixtures.answer("loki/query-range-matrix.json")
    let search = try Fixtures.answer("tempo/search.json")
    let trace = try Fixtures.tempoTrace()
    return [
      ("--prometheus", try StubServer { $0.path.hasSuffix("exemplars") ? exemplars : range }),
      ("--loki", try StubServer { $0.query["query"]?.hasPrefix("sum") == true ? levels : lines }),
      ("--tempo", try StubServer { $0.path == "/api/search" ? search : trace }),
    ]
  }

  private func object(_ result: ProgramResult) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any])
  }

  private let incident = """
    {"id":"i-1","title":"p95 of charge","kind":"trace_latency","first_fired_at":"2026-11-23T06:56:40Z","threshold":800,
    "conditions_json":"{\\"service\\":\\"payments-api\\",\\"operation\\":\\"POST /v1/charge\\",\\"threshold_ms\\":800}"}
    """

  @Test func readsAnIncidentAndAsksEverything() throws {
    let sources = try sources()
    let options = sources.flatMap { [$0.name, $0.server.url] }
    let result = try Program.run(["correlate"] + options, input: incident)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.isEmpty)
    let document = try object(result)
    let found = try #require(document["incident"] as? [String: Any])
    #expect(found["service"] as? String == "payments-api")
    let expression = try #require(found["expression"] as? String)
    #expect(expression.hasPrefix("histogram_quantile(0.95") && expression.hasSuffix("* 1000 > 800"))
    for panel in ["metric_panel", "trace_panel", "log_panel"] {
      #expect((document[panel] as? [String: Any])?.isEmpty == false)
    }
    let asked = sources[0].server.requests.compactMap { $0.query["query"] }
    #expect(asked.contains(expression))
    let queries = try #require(document["queries"] as? [[String: Any]])
    for query in asked { #expect(queries.contains { $0["query"] as? String == query }) }
  }

  @Test func partialAndNothing() throws {
    let sources = try sources()
    let closed = "http://user:secret@127.0.0.1:\(try StubServer.closedPort())"
    let arguments = ["correlate", "--service", "s", "--loki", closed, "--timeout", "5s"]
    let partial = try Program.run(arguments + [sources[0].name, sources[0].server.url])
    #expect(partial.status == 4)
    let skipped = try #require(try object(partial)["skipped"] as? [String: String])
    #expect(skipped["loki"]?.hasSuffix("connection refused") == true)
    let nothing = try Program.run(arguments)
    #expect(nothing.status == 3)
    #expect(nothing.errorLines.count == 1)
    #expect(nothing.errors.hasPrefix("ongrid correlate: no source answered: loki: cannot reach http://127.0.0.1:"))
    for text in [partial.output, partial.errors, nothing.output, nothing.errors] { #expect(!text.contains("secret")) }
  }

  @Test func holdsMaxBytes() throws {
    let sources = try sources()
    let options = sources.flatMap { [$0.name, $0.server.url] }
    for format in ["json", "markdown", "html"] {
      for (size, bytes) in [("2KiB", 2048), ("4000", 4000), ("16KiB", 16384), ("1MiB", 1 << 20)] {
        let result = try Program.run(
          ["correlate", "--service", "payments-api", "--max-bytes", size, "--format", format] + options)
        #expect(result.status == 0)
        #expect(!result.stdout.isEmpty && result.stdout.count <= bytes, "\(format) \(size): \(result.stdout.count)")
        if format == "json" { _ = try object(result) }
      }
    }
  }

  @Test func severalIncidentsGiveALineEach() throws {
    let sources = try sources()
    let options = sources.flatMap { [$0.name, $0.server.url] }
    let result = try Program.run(
      ["correlate"] + options, input: "[{\"id\":\"1\",\"service\":\"a\"},{\"id\":\"2\",\"service\":\"b\"}]")
    #expect(result.status == 0)
    let ids = try result.output.split(separator: "\n").map { line in
      let document = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return (document?["incident"] as? [String: Any])?["id"] as? String
    }
    #expect(ids == ["1", "2"])
  }

  @Test func readsTracesFromFiles() throws {
    let result = try Program.run([
      "correlate", "--service", "payments-api", "--at", "2026-11-23T06:56:40Z", "--from",
      Fixtures.path("otlp/shop.otlp"),
      "--format", "markdown",
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.hasPrefix("# payments-api\n"))
    #expect(result.output.contains("## Furthest from usual\n"))
  }

  /// The example of the README: a dependency made slow and failing for one tenant.
  @Test func namesTheSuspectOfARecordedIncident() throws {
    let arguments = [
      "correlate", "--service", "payments-api", "--at", "2026-11-23T07:25:00Z", "--from",
      Fixtures.path("correlate/incident.jsonl.gz"),
    ]
    let suspects = try #require(try object(Program.run(arguments))["suspects"] as? [[String: Any]])
    #expect(suspects.first?["attribute"] as? String == "tenant.id")
    #expect(suspects.first?["value"] as? String == "acme")
    #expect(suspects.first?["dependency"] as? String == "fraud")
    let readme = try String(contentsOf: Fixtures.repository.appending(path: "README.md"), encoding: .utf8)
    for suspect in suspects {
      let text = try #require(suspect["text"] as? String)
      #expect(readme.contains("    " + text + "\n"), "\(text)")
    }
    let markdown = try Program.run(arguments + ["--format", "markdown"]).output
    let waterfall = try #require(markdown.components(separatedBy: "```").dropFirst().first)
    for line in waterfall.split(separator: "\n") { #expect(readme.contains("    " + line + "\n"), "\(line)") }
  }

  @Test func printsTheShippedSchema() throws {
    let result = try Program.run(["correlate", "--schema"])
    let file = Fixtures.repository.appending(path: "schemas/correlate.schema.json")
    #expect(result.output == (try String(contentsOf: file, encoding: .utf8)))
  }

  @Test(arguments: [
    (["--service", "a"], "", "nothing to ask"), (["--prometheus", "http://h"], "", "there is no incident"),
    (["--prometheus", "http://h"], "{}", "names no service"), (["--prometheus", "http://h"], "{", "line 1, column 2"),
    (["--prometheus", "ftp://h", "--service", "a"], "", "scheme ftp"),
    (["--service", "a", "--prometheus", "http://h", "--max-bytes", "1KiB"], "", "at least 2KiB"),
    (["--service", "a", "--from", "-"], "", "read twice"),
    (["--service", "a", "--from", "x", "--tempo", "http://h"], "", "exclude each other"),
    (["--service", "a", "--prometheus", "http://h", "--at", "soon"], "", "must be a time"),
    (["--prometheus", "http://h", "/nonexistent.json"], "", "cannot open /nonexistent.json"),
  ])
  func saysWhatIsWrong(_ arguments: [String], _ input: String, _ message: String) throws {
    let result = try Program.run(["correlate"] + arguments, input: input)
    #expect(result.status == 2, "\(result.errors)")
    #expect(result.errorLines.count == 1 && result.errors.contains(message), "\(result.errors)")
    #expect(result.stdout.isEmpty)
  }
}

import Foundation
import TestSupport
import Testing

/// `ongrid traceql` over files and pipes, from outside.
@Suite struct TraceQLFilesTests {
  static let shop = Fixtures.path("otlp/shop.otlp")
  static let trace = "7719cdfbb878c2d651ea345e50690b90"

  private func run(_ arguments: [String], input: [UInt8] = []) throws -> ProgramResult {
    try Program.run(["traceql"] + arguments, input: input)
  }

  private func object(_ result: ProgramResult) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any], "\(result.errors)")
  }

  @Test(arguments: [
    ["--from", shop], ["--from", Fixtures.path("otlp/shop.jsonl")], ["--from", shop, "--threads", "3"],
  ])
  func searches(_ source: [String]) throws {
    let result = try run(["{ status = error } | duration > 100ms", "-n", "4"] + source)
    #expect(result.status == 0, "\(result.errors)")
    let traces = try #require(try object(result)["traces"] as? [[String: Any]])
    #expect(traces.count == 4)
    let starts = traces.compactMap { $0["startTimeUnixNano"] as? String }
    #expect(starts == starts.sorted(by: >))
    for trace in traces {
      let sets = try #require(trace["spanSets"] as? [[String: Any]])
      #expect((sets[0]["spans"] as? [Any])?.count ?? 99 <= 3)
    }
  }

  @Test func readsPipesAndSeveralFiles() throws {
    let piped = try run(["{ status = error }", "-n", "0"], input: Fixtures.bytes("otlp/shop.otlp"))
    let file = try run(["{ status = error }", "-n", "0", "--from", Self.shop])
    #expect(piped.stdout == file.stdout && !piped.stdout.isEmpty)
    let twice = try run(["{ } | count_over_time()", "--step", "1h", "-f", "table", "--from", Self.shop, Self.shop])
    #expect(twice.output.contains("3896"), "\(twice.output)")
  }

  @Test func tellsWhetherAnythingWasFound() throws {
    let nothing = "{ name = \"no such name\" }"
    #expect(try run([nothing, "--from", Self.shop]).status == 0)
    #expect(try run([nothing, "--from", Self.shop, "--exit-status"]).status == 1)
    #expect(try run(["{ status = error }", "--from", Self.shop, "--exit-status"]).status == 0)
  }

  @Test func checksQueries() throws {
    let good = try run(["--check", "{ .a } | duration > 800ms"])
    #expect(good.status == 0 && good.output == "{ .a } | { duration > 800ms }\n")
    let bad = try run(["--check", "{ service.name = \"x\" }"])
    #expect(bad.status == 1 && bad.output.isEmpty)
    #expect(
      bad.errorLines == [
        "ongrid traceql: line 1, column 3: unknown name \"service.name\", did you mean resource.service.name?",
        "  { service.name = \"x\" }", "    ^^^^^^^^^^^^",
      ], "\(bad.errors)")
    #expect(try run(["{ .a == 4 }", "--from", Self.shop]).status == 2)
    #expect(try run(["--check", "{ \u{1B}[31m = 1 }"]).errors.contains("\u{1B}") == false)
  }

  @Test func limitsTheRange() throws {
    let from = try run(["{ }", "-n", "0", "--from", Self.shop, "--start", "1795417100", "--end", "1795417200"])
    let all = try run(["{ }", "-n", "0", "--from", Self.shop])
    let some = try #require(try object(from)["traces"] as? [Any]).count
    #expect(try #require(try object(all)["traces"] as? [Any]).count == 200)
    #expect(some > 0 && some < 200)
  }

  @Test func findsOneTrace() throws {
    let otlp = try run(["--trace-id", Self.trace, "--from", Self.shop, "-f", "otlp"])
    #expect(otlp.status == 0 && otlp.output.split(separator: "\n").count == 1)
    #expect(otlp.output.components(separatedBy: "\"traceId\":\"\(Self.trace)\"").count == 17)
    let metrics = try Program.run(["spanmetrics"], input: otlp.stdout)
    #expect(metrics.status == 0 && metrics.output.hasPrefix("{\"spans\":16"), "\(metrics.errors)")
    #expect(try run(["--trace-id", "abc", "--from", Self.shop]).status == 1)
    #expect(try run(["--trace-id", "xyz", "--from", Self.shop]).status == 1)
  }

  @Test func drawsAWaterfallInPlainASCII() throws {
    let drawn = try run(["--trace-id", Self.trace, "-f", "waterfall", "--from", Self.shop])
    #expect(!drawn.output.utf8.contains { $0 >= 0x80 })
    let lines = drawn.output.split(separator: "\n").map(String.init)
    #expect(lines[0].contains("162ms") && lines[0].contains("16 spans, 5 services, 5 errors"), "\(lines[0])")
    #expect(lines.count >= 18)
    #expect(lines.contains { $0.hasPrefix("| `-! POST /checkout") && $0.contains("#====") }, "\(drawn.output)")
    let colored = try run(["--trace-id", Self.trace, "-f", "waterfall", "--from", Self.shop, "--color", "always"])
    #expect(colored.output.contains("\u{1B}["))
  }

  @Test func aChildBeforeItsParentLeavesTheParentsBarWhereItIs() throws {
    let drawn = try run([
      "--trace-id", "0af7651916cd43dd8448eb211c80319c", "-f", "waterfall", "--from", Fixtures.path("cases/skew.json"),
    ])
    let lines = drawn.output.split(separator: "\n").map(String.init)
    let parent = try #require(lines.first { $0.hasPrefix("parent") })
    let child = try #require(lines.first { $0.contains("child before its parent") })
    let bars = (parent.suffix(from: parent.index(parent.firstIndex(of: "m") ?? parent.startIndex, offsetBy: 2)))
    #expect(bars.count(where: { $0 == "#" }) <= 2, "\(drawn.output)")
    #expect(!child.contains("#") && child.contains("====="), "\(drawn.output)")
  }

  /// Keys of JSON come in any order; a parent behind the attributes is a parent.
  @Test func theParentMayStandBehindTheAttributes() throws {
    func span(_ id: Int, _ parent: String) -> String {
      """
      {"attributes":[{"key":"a","value":{"intValue":"1"}}],"traceId":"0000000000000000000000000000000a","spanId":"000000000000000\(id)",\
      "startTimeUnixNano":"1795417100000000000","endTimeUnixNano":"1795417101000000000"\(parent),"kind":2,"name":"n\(id)"}
      """
    }
    let request =
      "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[\(span(1, "")),\(span(2, ",\"parentSpanId\":\"0000000000000001\""))]}]}]}\n"
    let found = try run(["{ name = \"n1\" } > { kind = server }"], input: Array(request.utf8))
    #expect(found.output.contains("\"name\":\"n2\""), "\(found.output)")
    #expect(try run(["{ span:parentID = \"\" } | count() = 1"], input: Array(request.utf8)).output.contains("n1"))
  }

  @Test func showsTheEventThatMatched() throws {
    let events = Fixtures.path("cases/events.json")
    let found = try run(["{ event.i = 2 }", "--from", events])
    #expect(found.output.contains("{\"key\":\"i\",\"value\":{\"intValue\":\"2\"}}"), "\(found.output)")
    #expect(try run(["--tag-values", "event:name", "-f", "table", "--from", events]).output == "a\nb\n")
  }

  @Test func saysWhyNothingWasFound() throws {
    let renamed = try run(["{ span.http.status_code = 500 }", "--from", Self.shop])
    #expect(
      renamed.status == 0
        && renamed.errorLines.contains {
          $0.hasPrefix("ongrid traceql: nothing found: nothing has span.http.status_code, but ")
            && $0.hasSuffix(" spans have span.http.response.status_code, its newer name")
        }, "\(renamed.errors)")
    let series = try run(["{ span.http.response.status_code = \"500\" } | rate()", "--from", Self.shop])
    #expect(series.errors.contains("leave out the quotes"), "\(series.errors)")
    let early = try run(["{ }", "--from", Self.shop, "--start", "1000", "--end", "2000"])
    #expect(early.errors.contains("all spans lie after the time range"), "\(early.errors)")
    // Programs that want nothing on standard error get nothing, and a query that is right is not commented on.
    #expect(try run(["{ span.http.status_code = 500 }", "--quiet", "--from", Self.shop]).errors.isEmpty)
    #expect(try run(["{ span.http.response.status_code = 599 }", "--from", Self.shop]).errors.isEmpty)
  }

  @Test func saysWhichHintsHaveNoEffect() throws {
    let sampled = try run(["{ } | rate() with(sample=0.5)", "-f", "table", "--from", Self.shop])
    #expect(sampled.status == 0)
    #expect(
      sampled.errorLines == ["ongrid traceql: warning: with(sample=…) has no effect here: every span is counted"],
      "\(sampled.errors)")
  }

  @Test func axesHaveUnits() throws {
    func plot(_ query: String) throws -> [String] {
      try run([query, "-f", "plot", "--step", "5m", "--width", "80", "--from", Self.shop]).output.components(
        separatedBy: "\n")
    }
    #expect(try plot("{ } | rate()")[0].trimmingCharacters(in: .whitespaces) == "spans/s")
    #expect(try plot("{ } | count_over_time()")[0].trimmingCharacters(in: .whitespaces) == "spans")
    #expect(
      try plot("{ } | max_over_time(span.http.response.status_code)")[0].trimmingCharacters(in: .whitespaces)
        == "span.http.response.status_code")
    #expect(try plot("{ } | quantile_over_time(duration, .9)")[0].contains("ms |"))
    let shares = try plot("({ } | rate()) / ({ } | rate())")
    #expect(shares[0].trimmingCharacters(in: .whitespaces).hasPrefix("1 |"), "\(shares[0])")
  }

  @Test func helpFitsTheTerminal() throws {
    for columns in ["60", "80"] {
      for arguments in [["traceql", "--help"], ["relay", "--help"], ["spanmetrics", "-h"], ["--help"]] {
        let help = try Program.run(arguments, environment: ["COLUMNS": columns])
        let wide = help.output.components(separatedBy: "\n").filter { $0.count > Int(columns) ?? 0 }
        // A word, such as a quoted query, is never broken.
        #expect(wide.allSatisfy { $0.hasPrefix("    ") }, "\(wide.first ?? "")")
        #expect(columns == "60" || wide.count < 8, "\(wide)")
      }
    }
  }

  @Test func aFilterNarrowsListsOfNamesAndValues() throws {
    let all = try run(["--tag-values", "resource.service.name", "-f", "table", "--from", Self.shop])
    let some = try run([
      "--tag-values", "resource.service.name", "{ span.db.rows != nil }", "-f", "table", "--from", Self.shop,
    ])
    #expect(some.status == 0, "\(some.errors)")
    #expect(!some.output.isEmpty && some.output.count < all.output.count)
    let names = try run(["--tags", "{ span.db.rows != nil }", "-f", "table", "--from", Self.shop])
    #expect(names.output.contains("span.db.rows\n") && !names.output.contains("span.http.route\n"), "\(names.output)")
    #expect(try run(["--tags", "{ } >> { }", "--from", Self.shop]).status == 2)
  }

  @Test func aQueryMayBeginWithADash() throws {
    let found = try run(["-1 * ({ } | rate())", "--from", Self.shop])
    #expect(found.status == 0 && found.output.contains("\"value\":-"), "\(found.errors)")
    #expect(try run(["-1", "--from", Self.shop]).errors.contains("behind --"))
  }

  @Test func waterfallsFold() throws {
    let arguments = ["--trace-id", Self.trace, "-f", "waterfall", "--from", Self.shop, "--utc"]
    let errors = try run(arguments + ["--only", "errors"]).output
    #expect(errors.contains("spans folded, longest") && errors.contains("! GET /cart/{id}"), "\(errors)")
    let flat = try run(arguments + ["--max-depth", "1"]).output
    #expect(flat.contains("`-... 15 spans folded"), "\(flat)")
    let narrow = try run(arguments + ["--width", "60"]).output
    #expect(!narrow.split(separator: "\n").contains { $0.count > 60 && !$0.hasPrefix("trace ") }, "\(narrow)")
  }

  @Test func drawsWhoCallsWhom() throws {
    let query = ["{ } >> { status = error }", "-n", "0", "--from", Self.shop]
    let tree = try run(query + ["-f", "tree"]).output
    #expect(tree.hasPrefix("SERVICE "), "\(tree)")
    #expect(tree.contains("|-checkout") || tree.contains("`-checkout"), "\(tree)")
    let mermaid = try run(query + ["-f", "mermaid"]).output
    #expect(mermaid.hasPrefix("graph LR\n") && mermaid.contains("[\"checkout\"]"), "\(mermaid)")
    #expect(try run(["{ } | rate()", "-f", "tree", "--from", Self.shop]).status == 2)
  }

  @Test func exportsForOtherPrograms() throws {
    let one = ["--trace-id", Self.trace, "--from", Self.shop, "-f"]
    let events = try #require(try object(run(one + ["perfetto"]))["traceEvents"] as? [[String: Any]])
    #expect(events.count(where: { $0["ph"] as? String == "X" }) == 16)
    #expect(events.count(where: { $0["ph"] as? String == "M" }) == 5)
    let folded = try run(one + ["folded"]).output.split(separator: "\n")
    #expect(folded.contains { $0.hasPrefix("web-frontend: GET /cart;web-frontend: POST /checkout;") }, "\(folded)")
    // The time of all stacks is that of the root, since its children run inside of it.
    let total = folded.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
    #expect(abs(total - 162_600) < 1_000, "\(total)")
  }

  @Test func printsTablesAndPlots() throws {
    let table = try run([
      "{ status = error } | by(resource.service.name) | count() > 1", "-f", "table", "--from", Self.shop,
    ])
    #expect(table.output.hasPrefix("START "))
    #expect(table.output.contains("by(resource.service.name)=payments-api  count()=2"), "\(table.output)")
    let widths = Set(table.output.split(separator: "\n").filter { !$0.hasPrefix(" ") }.map(\.count))
    #expect(widths.count == 1, "columns are not aligned")
    let plot = try run(["{ } | rate() by (resource.service.name)", "--step", "10s", "-f", "plot", "--from", Self.shop])
    #expect(plot.output.contains("|") && plot.output.contains("resource.service.name=\"cart\""))
    #expect(try run(["{ } | rate()", "-f", "waterfall", "--from", Self.shop]).status == 2)
    #expect(try run(["{ }", "-f", "plot", "--from", Self.shop]).status == 2)
  }

  @Test func listsNamesAndValues() throws {
    let names = try run(["--tags", "-f", "table", "--from", Self.shop])
    #expect(names.output.contains("resource.service.name\n") && names.output.contains("span.db.rows\n"))
    let recorded = try JSONSerialization.jsonObject(with: Data(Fixtures.bytes("tempo/tags-v2.json"))) as? [String: Any]
    func scopes(_ answer: [String: Any]) -> [String: [String]] {
      var scopes: [String: [String]] = [:]
      for scope in answer["scopes"] as? [[String: Any]] ?? [] where scope["name"] as? String != "intrinsic" {
        scopes["\(scope["name"] ?? "")"] = (scope["tags"] as? [String] ?? []).sorted()
      }
      return scopes
    }
    #expect(try scopes(object(run(["--tags", "--from", Self.shop]))) == scopes(try #require(recorded)))
    let values = try run(["--tag-values", "resource.service.name", "-f", "table", "--from", Self.shop])
    #expect(
      values.output.split(separator: "\n").map(String.init) == [
        "cart", "catalog", "checkout", "fraud", "inventory", "mobile-gateway", "payments-api", "web-frontend",
      ])
    #expect(
      try run(["--tag-values", "rootName", "-f", "table", "--from", Self.shop]).output.contains("GET /checkout\n"))
  }

  @Test func givesOneValueOverTheWholeRange() throws {
    let range = ["--start", "1795416000", "--end", "1795417200", "--from", Self.shop]
    let count = try object(
      run(["{ status = error } | count_over_time() by (resource.service.name)", "--instant"] + range))
    let recorded = try JSONSerialization.jsonObject(with: Data(Fixtures.bytes("tempo/metrics-query-instant.json")))
    func values(_ answer: Any) -> [String: Double] {
      var values: [String: Double] = [:]
      for series in (answer as? [String: Any])?["series"] as? [[String: Any]] ?? [] {
        let label = (series["labels"] as? [[String: Any]])?.first?["value"] as? [String: Any]
        values["\(label?["stringValue"] ?? "")"] = series["value"] as? Double
      }
      return values
    }
    #expect(values(count) == values(recorded))
    let rate = try object(run(["{ } | rate()", "--instant"] + range))
    #expect(abs((values(rate).values.first ?? 0) - 1948.0 / 1200) < 1e-9)
    #expect(try run(["{ } | rate()", "--instant", "--from", Self.shop]).status == 2)
  }

  @Test func comparesSelectionAndBaseline() throws {
    let result = try run(["{ } | compare({ status = error }, 2)", "--step", "1h", "-f", "table", "--from", Self.shop])
    #expect(result.output.contains("{__meta_type=\"selection\", event:name=\"exception\"}"), "\(result.output)")
    #expect(result.output.contains("{__meta_type=\"baseline_total\", name=\"nil\"}"))
  }

  @Test func refusesWhatItCannotDo() throws {
    let directory = try TemporaryDirectory()
    let cut = directory.path("cut.otlp")
    try Data(Fixtures.bytes("otlp/shop.otlp").prefix(100_000)).write(to: URL(filePath: cut))
    for (arguments, words) in [
      (["{ }", "--from", "/no/such/file"], "no such file"), (["{ }", "--from", cut], "cut off"),
      (["{ }", "{ }", "--tempo", "http://127.0.0.1:1"], "only one source"),
      ([], "a query is needed"), (["{ }", "--max-memory", "1kB", "--from", Self.shop], "--max-memory"),
      (["{ }", "--tempo", "http://127.0.0.1:1", "--from", Self.shop], "only one source"),
      (["--tags", "--trace-id", "1"], "only one of"),
      (["{ } | rate()", "--step", "0s", "--from", Self.shop], "--step"),
    ] {
      let result = try run(arguments)
      #expect(result.status == 2, "\(arguments): \(result.status)")
      #expect(result.errorLines.first?.lowercased().contains(words) == true, "\(arguments): \(result.errors)")
    }
    // What comes through a pipe can be read but once, and is kept.
    let shop = try Fixtures.bytes("otlp/shop.otlp")
    let small = try run(["{ }", "--max-memory", "1MiB"], input: shop + shop + shop + shop)
    #expect(small.status == 2 && small.errors.contains("--max-memory"), "\(small.errors)")
    let skipped = try run(["{ }", "--skip-bad", "--from", cut])
    #expect(skipped.status == 2 || skipped.status == 4, "\(skipped.errors)")
  }

  @Test func stopsQuietlyWhenTheReaderLeaves() throws {
    let result = try Program.run(
      [
        "-c", "\"$1\" traceql '{ }' -n 0 -f otlp --from \"$2\" | head -c 10; exit ${PIPESTATUS[0]}", "sh",
        Program.ongrid, Self.shop,
      ],
      executable: "/bin/bash")
    #expect(result.errors.isEmpty && result.stdout.count == 10, "\(result.errors)")
  }
}

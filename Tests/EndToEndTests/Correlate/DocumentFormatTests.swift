import Foundation
import TestSupport
import Testing

/// One incident in every format: the same facts, and a page that needs nothing beside it.
@Suite struct DocumentFormatTests {
  private let arguments = [
    "correlate", "--service", "payments-api", "--at", "2026-11-23T07:25:00Z", "--from",
    Fixtures.path("correlate/incident.jsonl.gz"),
  ]

  private func output(_ format: String, _ options: [String] = []) throws -> String {
    let result = try Program.run(arguments + ["--format", format] + options)
    #expect(result.status == 0, "\(result.errors)")
    return result.output
  }

  /// Text as it stands in Markdown or HTML, without what these put around and into it.
  private func plain(_ text: String) -> String {
    var text = text
    for (entity, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
      text = text.replacing(entity, with: character)
    }
    return text.replacing("\\", with: "").replacing("`", with: "'")
  }

  @Test func formatsShowTheSameFacts() throws {
    let json = try output("json")
    let document = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    var facts: [String] = []
    let suspects = try #require(document["suspects"] as? [[String: Any]])
    #expect(!suspects.isEmpty)
    for suspect in suspects {
      facts.append(suspect["text"] as? String ?? "?")
      for finding in suspect["findings"] as? [[String: Any]] ?? [] {
        facts += [finding["text"] as? String ?? "?", finding["query"] as? String ?? "?"]
      }
    }
    for event in document["timeline"] as? [[String: Any]] ?? [] { facts.append(event["text"] as? String ?? "?") }
    for query in document["queries"] as? [[String: Any]] ?? [] { facts.append(query["query"] as? String ?? "?") }
    for (source, state) in document["sources"] as? [String: String] ?? [:] { facts.append("\(source) \(state)") }
    let panel = try #require(document["trace_panel"] as? [String: Any])
    for trace in panel["traces"] as? [[String: Any]] ?? [] { facts.append(trace["trace_id"] as? String ?? "?") }
    let totals = try #require((document["totals"] as? [String: Any])?["rows"] as? [[String: Any]])
    for row in totals { facts += ["(\(row["calls"] as? Int ?? -1))", "(\(row["calls_before"] as? Int ?? -1))"] }
    let graph = try #require(document["graph"] as? [[String: Any]])
    #expect(graph.contains { $0["changed"] as? Bool == true && $0["to"] as? String == "fraud" })
    for edge in graph { facts.append("\(edge["calls_before"] as? Int ?? -1) → \(edge["calls"] as? Int ?? -1)") }
    for format in ["markdown", "html"] {
      let text = try plain(output(format))
      for fact in facts { #expect(text.contains(plain(fact)), "\(format) lacks \(fact)") }
    }
  }

  @Test func theDocumentIsSmallAndFolded() throws {
    let json = try output("json")
    #expect(json.utf8.count < 20 << 10, "\(json.utf8.count) bytes")
    let document = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    #expect((document["sources"] as? [String: String])?["loki"] == "not asked")
    let panel = try #require(document["trace_panel"] as? [String: Any])
    let spans = try #require((panel["traces"] as? [[String: Any]])?.first?["spans"] as? [[String: Any]])
    #expect(spans.contains { $0["changed"] as? Bool == true })
  }

  @Test func findingsLinkToGrafana() throws {
    let json = try output("json", ["--grafana", "https://grafana.example.com/g?tempo=T1"])
    let document = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    // Files are no data source.
    #expect(!json.contains("\"url\""))
    #expect(document["suspects"] != nil)
    let tempo = try StubServer { _ in .ok("{\"traces\":[]}") }
    let result = try Program.run([
      "correlate", "--service", "a", "--at", "2026-11-23T07:25:00Z", "--tempo", tempo.url, "--grafana",
      "https://grafana.example.com/g?tempo=T1",
    ])
    let answer = try #require(try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any])
    let url = try #require((answer["queries"] as? [[String: Any]])?.first?["url"] as? String)
    #expect(url.hasPrefix("https://grafana.example.com/g/explore?schemaVersion=1&panes="))
    let panes = try #require(URLComponents(string: url)?.queryItems?.first { $0.name == "panes" }?.value)
    let pane = try #require(try JSONSerialization.jsonObject(with: Data(panes.utf8)) as? [String: [String: Any]])
    #expect(pane["a"]?["datasource"] as? String == "T1")
  }

  @Test func thePageIsOneFile() throws {
    let page = try output("html")
    #expect(page.hasPrefix("<!doctype html>") && page.hasSuffix("</html>\n"))
    for forbidden in ["<script", "src=", "@import", "url(http", "href=\"http"] { #expect(!page.contains(forbidden)) }
    #expect(page.contains("prefers-color-scheme:dark") && page.contains("class=\"changed\""))
    for tag in ["section", "table", "div", "svg", "tr", "td", "ul", "details", "figure", "main", "dl"] {
      let opened = page.matches(of: try Regex("<\(tag)[ >]")).count
      #expect(opened == page.matches(of: try Regex("</\(tag)>")).count, "\(tag)")
    }
    for limit in [2048, 4096, 20_000] {
      let result = try Program.run(arguments + ["--format", "html", "--max-bytes", "\(limit)"])
      #expect(result.stdout.count <= limit && result.output.hasSuffix("</html>\n"))
    }
  }
}

import Foundation
import TestSupport
import Testing

/// `ongrid traceql -f html`.
@Suite struct TracePageTests {
  static let shop = Fixtures.path("otlp/shop.otlp")
  static let trace = "7719cdfbb878c2d651ea345e50690b90"

  private func page(_ arguments: [String], input: [UInt8] = []) throws -> String {
    let result = try Program.run(["traceql", "-f", "html", "--utc"] + arguments, input: input)
    #expect(result.status == 0, "\(result.errors)")
    return result.output
  }

  @Test func needsNothingElse() throws {
    let page = try page(["--trace-id", Self.trace, "--from", Self.shop])
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
    #expect(page.components(separatedBy: "<details class=\"r ").count == 17)
    #expect(!page.contains("src=") && !page.contains("url(") && !page.contains("@import"))
    #expect(page.replacing("http-equiv", with: "").range(of: "href=\"[^#]", options: .regularExpression) == nil)
    for shown in ["card declined", "IOError", "2b23444d447e2510", "POST /checkout", "162ms", "web-frontend"] {
      #expect(page.contains(shown), "\(shown)")
    }
  }

  /// The policy lets run the script of the page and no other.
  @Test func thePolicyNamesTheScript() throws {
    let page = try page(["--trace-id", Self.trace, "--from", Self.shop])
    let script = try #require(page.components(separatedBy: "<script>").last?.components(separatedBy: "</script>").first)
    let digest = try Program.run(
      ["-c", "openssl dgst -sha256 -binary | base64"], input: script, executable: "/bin/sh"
    ).output.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(page.contains("script-src 'sha256-\(digest)'"), "the digest is \(digest)")
  }

  @Test func hostileNamesStayText() throws {
    let name = "</script><img src=x onerror=alert(1)>\\u202e&\\\"'"
    let page = try page(["{ }", "-"], input: FollowTests.line(trace: 1, span: 1, name: name))
    #expect(!page.contains("<img") && !page.contains("\u{202E}"))
    #expect(page.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\\u{202E}&amp;&quot;&#39;"))
  }

  @Test func aThousandSpansTakeLessThanAMegabyte() throws {
    let attributes = (0..<8).map {
      "{\"key\":\"attribute.number.\($0)\",\"value\":{\"stringValue\":\"a value of the usual length \($0)\"}}"
    }.joined(separator: ",")
    let spans = (1...1000).map { number in
      let above = number == 1 ? "" : "\"parentSpanId\":\"\(String(format: "%016x", number / 3 + 1))\","
      return """
        {"traceId":"00000000000000000000000000000001","spanId":"\(String(format: "%016x", number + 1))",\(above)\
        "name":"GET /things/{id}/parts","kind":2,"startTimeUnixNano":"\(1_795_417_100_000_000_000 + number * 1000)",\
        "endTimeUnixNano":"\(1_795_417_100_000_000_000 + number * 5000)","attributes":[\(attributes)]}
        """
    }
    let request =
      "{\"resourceSpans\":[{\"resource\":{\"attributes\":[\(attributes)]},\"scopeSpans\":[{\"spans\":[\(spans.joined(separator: ","))]}]}]}"
    let page = try page(["{ }", "-"], input: Array(request.utf8))
    #expect(page.components(separatedBy: "<details class=\"r ").count == 1001)
    #expect(page.utf8.count < 1_000_000, "\(page.utf8.count)")
  }

  @Test func severalTracesAreOnePage() throws {
    let page = try page(["{ status = error }", "-n", "3", "--from", Self.shop])
    #expect(page.components(separatedBy: "<!DOCTYPE").count == 2)
    #expect(page.components(separatedBy: "<section").count == 4)
  }

  /// A real browser runs the script under the page's policy: the span that the address names is opened.
  @Test(.enabled(if: Tools.path(of: "chromium") != nil))
  func aBrowserRunsIt() throws {
    let page = try page(["--trace-id", Self.trace, "--from", Self.shop])
    let path = FileManager.default.temporaryDirectory.appending(path: "page-\(UUID().uuidString).html")
    defer { try? FileManager.default.removeItem(at: path) }
    try Data(page.utf8).write(to: path)
    let id = try #require(page.components(separatedBy: " id=").dropFirst(3).first?.prefix { $0 != " " })
    let shown = try Program.run(
      ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "\(path.absoluteString)#\(id)"],
      executable: Tools.path(of: "chromium") ?? "")
    let dom = shown.output
    #expect(dom.contains("<body class=\"on\""), "\(shown.errors.suffix(500))")
    #expect(dom.range(of: "class=\"r [^\"]*at\" id=\"\(id)\"[^>]*open=\"\"", options: .regularExpression) != nil)
    #expect(dom.contains("aria-label=\"fold "))
  }

  /// Search, fold, unfold, the critical path, errors, zoom and details, all by keyboard.
  @Test(.enabled(if: Tools.path(of: "chromium") != nil && Tools.hasPython))
  func keysMoveIt() throws {
    let page = try page(["--trace-id", Self.trace, "--from", Self.shop])
    let path = FileManager.default.temporaryDirectory.appending(path: "page-\(UUID().uuidString).html")
    defer { try? FileManager.default.removeItem(at: path) }
    try Data(page.utf8).write(to: path)
    let script = try String(
      contentsOf: Fixtures.repository.appending(path: "Tests/Python/press_keys.py"), encoding: .utf8)
    let result = try Tools.runPython(script, [Tools.path(of: "chromium") ?? "", path.path(percentEncoded: false)])
    #expect(
      result.output == "[16, \"2 spans\", \"HGETALL\", 3, 16, 16, \"GET /cart\", 1, false, \"162ms\", true]\n",
      "\(result.output)\(result.errors.suffix(500))")
  }
}

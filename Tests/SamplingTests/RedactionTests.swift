import OTLP
import Platform
import TestSupport
import Testing

@testable import Sampling

@Suite struct RedactionTests {
  /// One span with these attributes, a name, an event and a status; all texts that a request holds after redaction.
  private func texts(
    _ attributes: [(String, String)], name: String = "work", key: String? = nil, _ change: (inout Redaction) -> Void
  ) throws -> [String] {
    var redaction = Redaction()
    change(&redaction)
    if let key { redaction.use(key: Array(key.utf8)) }
    var request = ByteBuffer()
    func attribute(_ name: String, _ value: String, _ field: Int, _ out: inout ByteBuffer) {
      out.appendField(field) { attribute in
        attribute.appendField(1, string: name)
        attribute.appendField(2) { $0.appendField(1, string: value) }
      }
    }
    request.appendField(1) { resourceSpans in
      resourceSpans.appendField(1) { attribute("host.name", "h1", 1, &$0) }
      resourceSpans.appendField(2) { scopeSpans in
        scopeSpans.appendField(2) { span in
          span.append(Array("\n\u{10}0123456789abcdef\u{12}\u{8}01234567".utf8))
          span.appendField(5, string: name)
          for (name, value) in attributes { attribute(name, value, 9, &span) }
          span.appendField(11) { event in
            event.appendField(2, string: "mail to eve@example.com")
            attribute("host.name", "h2", 3, &event)
          }
          span.appendField(15) { $0.appendField(2, string: "no card 4111 1111 1111 1111") }
        }
      }
    }
    var out = ByteBuffer()
    try Redactor(redaction).rewrite(request.view, into: &out)
    _ = try RequestWalk(out.view)
    var json = ByteBuffer()
    try OTLPJSONWriter().write(out.view, .traces, into: &json)
    return String(json.view).matches(of: #/"(?:stringValue|name|message)":"([^"]*)"/#).map { String($0.output.1) }
  }

  @Test func namesInTheirPlace() throws {
    let before = try texts([("http.request.header.cookie", "a"), ("http.route", "/x")]) { _ in }
    #expect(before.contains("a"))
    let after = try texts([("http.request.header.cookie", "secret"), ("http.route", "/x")]) {
      let isTaken1 = $0.add(name: "span.http.request.header.*")
      #expect(isTaken1)
      let isTaken2 = $0.add(name: "event.host.name")
      #expect(isTaken2)
    }
    #expect(after == ["h1", "work", "[redacted]", "/x", "mail to eve@example.com", "[redacted]", before.last ?? ""])
  }

  @Test("names", arguments: ["", "user", "spam.user", "span.", "."])
  func badNames(_ name: String) {
    var redaction = Redaction()
    let isTaken = redaction.add(name: name)
    #expect(!isTaken)
  }

  @Test(
    "patterns of names",
    arguments: [
      (".a*c", "abc", true), (".a*c", "ac", true), (".a*c", "acb", false), (".*", "x", true), (".a", "ab", false),
      (".*b*", "abc", true), (".a*b*c", "axxbyyc", true), (".a*b*c", "ac", false), (".ab*ba", "aba", false),
    ])
  func globs(_ pattern: String, _ name: String, _ matches: Bool) {
    #expect(Array(name.utf8).withByteView { NamePattern(pattern)?.matches($0, in: .span) } == matches)
  }

  @Test func setsOfValues() throws {
    let found = try texts(
      [
        ("a", "Bearer abcdefghijk, then more"), ("b", "4111-1111-1111-1111"), ("c", "4111-1111-1111-1112"),
        ("d", "x eyJhbGciOi.eyJzdWIiOi.c2ln y"),
      ], name: "bob@example.org"
    ) { redaction in
      for set in ["cards", "mails", "tokens"] { #expect(redaction.add(values: set) == nil) }
    }
    #expect(
      found == [
        "h1", "[redacted]", "[redacted], then more", "[redacted]", "4111-1111-1111-1112", "x [redacted] y",
        "mail to [redacted]", "h2", "no card [redacted]",
      ])
  }

  @Test func hashesStayEqual() throws {
    let found = try texts([("user", "alice"), ("other", "alice")], key: "0123456789abcdef") {
      _ = $0.add(name: "span.*")
    }
    // openssl dgst -sha256 -hmac 0123456789abcdef
    let digest = KeyedHash(key: Array("0123456789abcdef".utf8)).hash(Array("alice".utf8))
    #expect(found[2] == found[3])
    #expect(found[2] == "hmac:\(digest.withByteView { Hex.encode($0) }.prefix(32))")
  }

  /// RFC 4231, cases 1, 2 and 6.
  @Test func keyedHashes() {
    func digest(_ key: [UInt8], _ text: String) -> String {
      KeyedHash(key: key).hash(Array(text.utf8)).withByteView { Hex.encode($0) }
    }
    #expect(
      digest([UInt8](repeating: 0x0b, count: 20), "Hi There")
        == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    #expect(
      digest(Array("Jefe".utf8), "what do ya want for nothing?")
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    #expect(
      digest([UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First")
        == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
  }

  @Test func badPatterns() {
    var redaction = Redaction()
    #expect(redaction.add(values: "(")?.contains("character 2") == true)
  }
}

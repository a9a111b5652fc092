import Testing

@testable import Transport

@Suite struct HTTPURLTests {
  @Test(arguments: [
    ("http://h", "http://h/", "http://h"),
    ("HTTPS://User:Pw@h:8443/a/b?c=d", "https://h:8443/a/b?c=d", "https://h:8443"),
    ("http://[::1]:3200/x", "http://[::1]:3200/x", "http://[::1]:3200"),
    ("http://[::1]/", "http://[::1]/", "http://[::1]"),
    ("http://h?q=1#frag", "http://h/?q=1", "http://h"), ("http://a:b@c:d@h/", "http://h/", "http://h"),
  ])
  func reads(_ text: String, absolute: String, origin: String) throws {
    let url = try HTTPURL(text)
    #expect(url.absolute == absolute)
    #expect(url.origin == origin)
  }

  @Test(arguments: [
    "", "h:1", "ftp://h", "http://", "http:///x", "http://h:0", "http://h:65536", "http://h:x", "http://h/a b",
    "http://h/\n", "http://h\u{0}",
  ])
  func refuses(_ text: String) {
    #expect(throws: HTTPError.self) { try HTTPURL(text) }
  }

  @Test func errorsHoldNoSecrets() {
    for text in ["http://user:secret@h:99999/", "user:secret@h", "http://user:secret@h/\n"] {
      let error = #expect(throws: HTTPError.self) { try HTTPURL(text) }
      #expect(error?.description.contains("secret") == false, "\(String(describing: error))")
    }
  }

  @Test func appends() throws {
    let url = try HTTPURL("https://gateway/tempo/?a=1").appending(path: "/api/search")
      .appending(query: [("q", "{ .a = \"é&\" }")])
    #expect(url.absolute == "https://gateway/tempo/api/search?a=1&q=%7B%20.a%20%3D%20%22%C3%A9%26%22%20%7D")
  }

  @Test func percentEncodingRoundTrips() {
    for text in ["", "plain", "100%", "%zz", "%4", "a b/c?d=e&f", "naïve \u{1F600}", "\u{0}\n"] {
      #expect(PercentEncoding.decode(PercentEncoding.encode(text)) == text)
    }
    #expect(PercentEncoding.decode("%41%e2%82%ac%4") == "A€%4")
  }
}

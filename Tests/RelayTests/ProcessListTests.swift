import Foundation
import TestSupport
import Testing

/// What other users of the machine see of the command line.
@Suite struct ProcessListTests {
  #if os(Linux)
    @Test(arguments: [["--to"], ["--to="]])
    func hidesPasswordsInURLs(_ option: [String]) throws {
      let server = try StubServer { _ in .respond(status: 200) }
      let url = "http://ann:s3cret@127.0.0.1:\(server.port)"
      let relay = try RelayProcess(option[0].hasSuffix("=") ? [option[0] + url] : [option[0], url])
      let shown = try String(contentsOfFile: "/proc/\(relay.program.id)/cmdline", encoding: .utf8)
      #expect(!shown.contains("s3cret") && !shown.contains("ann"))
      #expect(shown.contains("http://xxxxxxxxxx@127.0.0.1:\(server.port)"))
      let sent = try Program.run(["relay", "--once", "--to", "http://\(relay.http)"], input: Spans.request(1, seed: 1))
      #expect(sent.status == 0)
      try waitUntil("the span to arrive") { server.requests.count == 1 }
      let expected = "Basic " + Data("ann:s3cret".utf8).base64EncodedString()
      #expect(server.requests[0].headers["authorization"] == expected)
      try relay.stop()
    }
  #endif
}

import Foundation
import TestSupport
import Testing

/// The tools the other tests stand on.
@Suite struct TestSupportTests {
  @Test func bigInputAndOutputDoNotDeadlock() throws {
    let bytes = [UInt8](repeating: 0x61, count: 4_000_000)
    let result = try Program.run(["-c", "cat; cat /dev/null >&2"], input: bytes, executable: "/bin/sh")
    #expect(result.status == 0)
    #expect(result.stdout == bytes)
  }

  @Test func aProgramThatTakesTooLongIsKilled() throws {
    let program = try Program(["60"], executable: "sleep")
    #expect(throws: TestTimeout.self) { try program.wait(timeout: 0.1) }
    #expect(try program.wait(timeout: 10).signal == SIGKILL)
  }

  @Test func signalsAndLinesArrive() throws {
    let script = "trap 'echo stopping; exit 3' TERM; echo ready; while :; do sleep 0.01; done"
    let program = try Program(["-c", script], executable: "/bin/sh")
    #expect(try program.waitForLine(containing: "ready") == "ready")
    program.send(SIGTERM)
    let result = try program.wait(timeout: 10)
    #expect(result.status == 3)
    #expect(result.output == "ready\nstopping\n")
    #expect(throws: TestTimeout.self) { try program.waitForLine(containing: "never") }
  }

  @Test func stubServerAnswersAndRemembers() throws {
    let server = try StubServer { request in
      request.path == "/slow" ? .silence : .ok("{\"n\":\(request.body.count)}")
    }
    let result = try Program.run(
      ["-s", "-d", "x=1", server.url + "/a%20b?q=c+d"], executable: "curl")
    #expect(result.output == "{\"n\":3}")
    let request = try #require(server.requests.first)
    #expect(request.method == "POST")
    #expect(request.path == "/a%20b")
    #expect(request.query == ["q": "c+d"])
    #expect(request.headers["content-type"] == "application/x-www-form-urlencoded")
    #expect(String(decoding: request.body, as: UTF8.self) == "x=1")
    let timeout = try Program.run(["-s", "-m", "0.2", server.url + "/slow"], executable: "curl")
    #expect(timeout.status == 28)
  }

  @Test func stubServerFails() throws {
    let server = try StubServer { request in
      switch request.path {
      case "/cut": .cutOff(after: 4, body: Array("0123456789".utf8))
      case "/reset": .reset
      default: .text(404, "404 page not found\n")
      }
    }
    #expect(try Program.run(["-s", server.url + "/cut"], executable: "curl").status == 18)
    #expect(try Program.run(["-s", server.url + "/reset"], executable: "curl").status == 56)
    #expect(try Program.run(["-s", server.url + "/none"], executable: "curl").output == "404 page not found\n")
    server.stop()
    #expect(try Program.run(["-s", server.url + "/none"], executable: "curl").status == 7)
  }

  @Test func chunkedRequestsAreRead() throws {
    let server = try StubServer { .respond(status: 200, body: $0.body) }
    let result = try Program.run(
      ["-s", "-H", "Transfer-Encoding: chunked", "--data-binary", "@-", server.url],
      input: [UInt8](repeating: 7, count: 300_000), executable: "curl")
    #expect(result.stdout.count == 300_000)
  }
}

import Foundation
import TestSupport
import Testing

/// The agreements with systemd, seen from its side.
@Suite struct ServiceManagerTests {
  /// A datagram socket that collects what services say.
  private final class NotifySocket {
    let path: String
    private let descriptor: Int32
    private(set) var messages: [String] = []

    init() throws {
      // The path of a socket has little room.
      path = "/tmp/ongrid-notify-\(UUID().uuidString.prefix(8))"
      descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      let bound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      guard bound == 0 else { throw CallFailed("bind") }
    }

    deinit {
      close(descriptor)
      unlink(path)
    }

    /// Reads on until a message has a line that begins like this; all messages since the last call.
    func wait(for line: String) throws -> [String] {
      var seen: [String] = []
      while true {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 30_000) == 1 else { throw TestTimeout("no \(line) in \(seen)") }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        let message = String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
        seen.append(message)
        if message.split(separator: "\n").contains(where: { $0.hasPrefix(line) }) { return seen }
      }
    }
  }

  @Test func tellsItsStatesAndGivesSignsOfLife() throws {
    let manager = try NotifySocket()
    let relay = try RelayProcess(
      ["--to", "file:/dev/null"], environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "100000"])
    #expect(try manager.wait(for: "READY=1").last == "READY=1")
    for _ in 0..<3 { _ = try manager.wait(for: "WATCHDOG=1") }
    relay.program.send(SIGHUP)
    let reload = try manager.wait(for: "RELOADING=1").last ?? ""
    let stamp = reload.split(separator: "\n").first { $0.hasPrefix("MONOTONIC_USEC=") }?.dropFirst(15)
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let age = now.tv_sec * 1_000_000 + now.tv_nsec / 1000 - (stamp.flatMap { Int($0) } ?? 0)
    #expect((0..<30_000_000).contains(age))
    _ = try manager.wait(for: "READY=1")
    relay.program.send(SIGTERM)
    _ = try manager.wait(for: "STOPPING=1")
    #expect(try relay.program.wait().status == 0)
  }

  @Test(.enabled(if: Tools.has("python3"))) func speaksForTheCollectorThatItSupervises() throws {
    let manager = try NotifySocket()
    let collector = try StubCollector()
    let program = try Program(
      collector.arguments(["--listen-admin", "none"]),
      environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "100000"])
    _ = try manager.wait(for: "READY=1")
    for _ in 0..<3 { _ = try manager.wait(for: "WATCHDOG=1") }
    program.send(SIGHUP)
    _ = try manager.wait(for: "RELOADING=1")
    _ = try manager.wait(for: "READY=1")
    program.send(SIGTERM)
    _ = try manager.wait(for: "STOPPING=1")
    #expect(try program.wait().status == 0)
  }

  @Test func aWatchdogForAnotherProcessIsNotItsOwn() throws {
    let manager = try NotifySocket()
    let relay = try RelayProcess(
      ["--to", "file:/dev/null"],
      environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"])
    _ = try manager.wait(for: "READY=1")
    try relay.stop()
    #expect(try manager.wait(for: "STOPPING=1") == ["STOPPING=1"])
  }

  /// Opens sockets with these names, and becomes a relay that inherits them, as systemd's own tool would.
  private static let activator = """
    import os, socket, sys
    names, program = sys.argv[1], sys.argv[2:]
    sockets = []
    for name in names.split(":"):
        kind = socket.SOCK_DGRAM if name == "datagram" else socket.SOCK_STREAM
        entry = socket.socket(socket.AF_INET, kind)
        entry.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            entry.listen()
        print(name, entry.getsockname()[1], flush=True)
        sockets.append(entry)
    # Out of the way first: the numbers from 3 on may be in use by others of them.
    high = [os.dup2(entry.fileno(), 100 + index) for index, entry in enumerate(sockets)]
    for index, number in enumerate(high):
        os.dup2(number, 3 + index)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=names)
    os.execv(program[0], program)
    """

  private func activated(_ names: String, _ options: [String] = []) throws -> (Program, [String: Int]) {
    let program = try Program(
      ["-c", Self.activator, names, Program.ongrid, "relay", "--to", "file:/dev/null"] + options,
      executable: Tools.python)
    var ports: [String: Int] = [:]
    for name in names.split(separator: ":").map(String.init) {
      let line = try program.waitForLine(containing: name + " ")
      ports[name] = line.split(separator: " ").last.flatMap { Int($0) }
    }
    return (program, ports)
  }

  private func status(_ port: Int?, _ request: String) throws -> Int {
    try RawClient(port: #require(port)).exchange("\(request)\r\nHost: localhost\r\n\r\n").status
  }

  private let health = "GET /healthz HTTP/1.1"
  private let export = "POST /v1/traces HTTP/1.1\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0"

  @Test("sockets that systemd has opened, told apart by their names", .enabled(if: Tools.hasPython))
  func socketActivation() throws {
    let (program, ports) = try activated("grpc:admin:http")
    try program.waitForLine(containing: "receiving on")
    #expect(try status(ports["admin"], health) == 200)
    #expect(try status(ports["admin"], export) == 405)
    for name in ["grpc", "http"] { #expect(try status(ports[name], export) == 200) }
    program.send(SIGTERM)
    #expect(try program.wait().status == 0)
  }

  @Test("what no socket is given for is listened on as usual", .enabled(if: Tools.hasPython))
  func partialActivation() throws {
    let (program, ports) = try activated("ongrid-relay.socket", ["--listen-admin", "127.0.0.1:0"])
    let line = try program.waitForLine(containing: "receiving on")
    let admin = line.split(separator: ":").last.flatMap { Int($0) }
    #expect(try status(ports["ongrid-relay.socket"], export) == 200)
    #expect(try status(admin, health) == 200)
    program.send(SIGTERM)
    #expect(try program.wait().status == 0)
  }

  @Test("a socket that takes no connections is an error", .enabled(if: Tools.hasPython))
  func badActivation() throws {
    let (program, _) = try activated("datagram", ["--listen-admin", "none"])
    let result = try program.wait()
    #expect(result.status == 2)
    #expect(
      result.errorLines == [
        "ongrid relay: the socket 'datagram' of the service manager does not listen for connections"
      ])
  }

  @Test func sighupGoesOnInANewFile() throws {
    let directory = try TemporaryDirectory()
    let file = directory.path("traces.otlp")
    let relay = try RelayProcess(["--to", "file:\(file)", "--batch-timeout", "1ms"])
    func send(_ seed: UInt64) throws {
      try Program.run(["relay", "--once", "--to", "http://\(relay.http)"], input: Spans.request(1, seed: seed))
      try waitUntil("the span") { try Set(self.ids(file)) == Spans.ids(1, seed: seed) }
    }
    try send(1)
    #expect(rename(file, directory.path("traces.otlp.1")) == 0)
    relay.program.send(SIGHUP)
    try relay.program.waitForLine(containing: "opened files anew")
    try send(2)
    #expect(try relay.stop().status == 0)
    #expect(try Set(ids(directory.path("traces.otlp.1"))) == Spans.ids(1, seed: 1))
  }

  /// The ids in a file that holds one message or none.
  private func ids(_ path: String) throws -> [String] {
    try Spans.ids(in: Array(Data(contentsOf: URL(filePath: path)).dropFirst(4)))
  }
}

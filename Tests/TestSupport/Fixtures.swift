import Foundation

/// Recorded inputs and answers under `Tests/Fixtures`.
public enum Fixtures {
  /// `Tests/Fixtures`.
  public static let directory = repository.appending(path: "Tests/Fixtures")

  /// The root of the working copy.
  public static let repository = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A fixture by its path below `Tests/Fixtures`, such as `otlp/shop.otlp`.
  public static func url(_ path: String) -> URL {
    directory.appending(path: path)
  }

  /// The same as a path for a command line.
  public static func path(_ path: String) -> String {
    url(path).path(percentEncoded: false)
  }

  public static func bytes(_ path: String) throws -> [UInt8] {
    try Array(Data(contentsOf: url(path)))
  }

  public static func text(_ path: String) throws -> String {
    try String(contentsOf: url(path), encoding: .utf8)
  }

  /// A recorded HTTP answer: the body in `path`, its status and headers in `path.headers`. Length and transfer coding are
  /// made anew.
  public static func answer(_ path: String) throws -> StubServer.Answer {
    let lines = try text(path + ".headers").split(whereSeparator: \.isNewline).map(String.init)
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if parts.count == 2, !["content-length", "transfer-encoding", "connection"].contains(parts[0].lowercased()) {
        headers[parts[0]] = parts[1]
      }
    }
    return try .respond(status: status ?? 200, headers: headers, body: bytes(path))
  }

  /// What the second version of Tempo's trace by id answers for a trace in protobuf: the trace as field 1 of a message.
  public static func tempoTrace(_ path: String = "tempo/trace-v1.pb") throws -> StubServer.Answer {
    let trace = try bytes(path)
    var body: [UInt8] = [0x0a]
    var length = trace.count
    while length > 0x7f {
      body.append(UInt8(length & 0x7f) | 0x80)
      length >>= 7
    }
    body.append(UInt8(length))
    return .respond(status: 200, headers: ["Content-Type": "application/protobuf"], body: body + trace)
  }
}

/// A directory that is removed at the end of the test run.
public final class TemporaryDirectory: Sendable {
  public let url: URL

  public init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "ongrid-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    let url = url
    AtExit.perform { try? FileManager.default.removeItem(at: url) }
  }

  /// A path inside, for a file that may not exist yet.
  public func path(_ name: String) -> String {
    url.appending(path: name).path(percentEncoded: false)
  }

  /// Writes a file and returns its path. No program is started meanwhile: until it runs it would hold the file open for
  /// writing, and the system runs no such file.
  @discardableResult
  public func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let data = Data(bytes)
    try Spawn.lock.withLock { _ in try data.write(to: url.appending(path: name)) }
    return path(name)
  }

  /// Writes a program and returns its path.
  @discardableResult
  public func writeProgram(_ name: String, _ text: String) throws -> String {
    let path = try write(name, text)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  /// Writes a text file and returns its path.
  @discardableResult
  public func write(_ name: String, _ text: String) throws -> String {
    try write(name, text.utf8)
  }
}

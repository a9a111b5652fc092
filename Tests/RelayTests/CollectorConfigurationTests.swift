import Foundation
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// What `--engine otelcol` writes for a collector.
@Suite struct CollectorConfigurationTests {
  static let cases = [
    "one", "signals", "two", "durable", "bytes", "retries", "for-ever", "secrets", "resource", "tls", "receivers",
    "files",
  ]

  /// Each file begins with the options as a comment. A change here is one that a collector must be asked about first:
  /// `otelcol validate --config=FILE` of the releases 0.153 and 0.159 took every one of these.
  @Test("the configuration is one that collectors were seen to accept", arguments: cases)
  func recorded(_ name: String) throws {
    // What is named must be there to be read.
    let directory = try TemporaryDirectory()
    for file in ["$ca.pem", "both.pem"] { try directory.write(file, "") }
    let text = try Fixtures.text("collector/\(name).yaml").replacing("/tls/", with: directory.path("x").dropLast())
    let end = try #require(text.firstIndex(of: "\n"))
    let options = text[..<end].dropFirst(2).split(separator: " ").map(String.init)
    let result = try Program.run(["relay", "--engine", "otelcol", "--print-config"] + options)
    #expect(result.output == text[text.index(after: end)...])
    #expect(result.errors.isEmpty && result.status == 0)
  }

  private func configuration(
    _ urls: [String], _ change: (inout RelayConfiguration) -> Void
  ) throws -> CollectorConfiguration {
    var relay = RelayConfiguration()
    relay.destinations = urls.map { RelayConfiguration.DestinationSettings(url: $0) }
    change(&relay)
    return try CollectorConfiguration(relay)
  }

  @Test("secrets are in the environment, where the collector's own references mean nothing")
  func secrets() throws {
    let directory = try TemporaryDirectory()
    let pair = try directory.write("basic", "me:pa$$w${env:HOME}\n")
    let result = try configuration(["https://me:url@a.example", "grpc://b.example"]) {
      $0.destinations[1].options.basicAuthFile = CredentialFile(path: pair)
      $0.destinations[1].options.headers = ["X-Key": "$1 {a: b"]
    }
    #expect(result.environment.map(\.value) == ["Basic bWU6dXJs", "$$1 {a: b", "Basic bWU6cGEkJHcke2VudjpIT01FfQ=="])
    #expect(!result.text.contains("url") && !result.text.contains("{a: b"))
  }

  @Test("a bearer token is read from its file by the collector, but on gRPC without TLS it is a header")
  func bearer() throws {
    let directory = try TemporaryDirectory()
    let file = CredentialFile(path: try directory.write("token", "tok3n\n"))
    let result = try configuration(["https://a", "grpcs://b", "grpc://c"]) {
      for index in $0.destinations.indices { $0.destinations[index].options.bearerTokenFile = file }
    }
    #expect(result.environment.map(\.value) == ["Bearer tok3n"])
    #expect(result.text.components(separatedBy: "authenticator: ").count == 3)
    #expect(result.text.components(separatedBy: "filename: \"\(file.path)\"").count == 2)
    #expect(!result.text.contains("tok3n"))
    #expect(throws: RelayError.self) {
      try configuration(["https://a"]) {
        $0.destinations[0].options.bearerTokenFile = CredentialFile(path: directory.path("missing"))
      }
    }
  }

  @Test("clients' tokens are those of the file, without its comments and empty lines")
  func receiverTokens() throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write("tokens", "# ours\n\none\n two \n")
    let result = try configuration(["https://a"]) { $0.listenTokenFile = file }
    #expect(result.environment.map(\.value) == ["one", "two"])
    #expect(result.text.components(separatedBy: "authenticator: \"bearertokenauth/receivers\"").count == 3)
  }

  @Test("an exporter's name does not depend on the others, so that it finds its queue again")
  func names() throws {
    func names(_ urls: [String]) throws -> Set<String> {
      let lines = try configuration(urls) { _ in }.text.split(separator: "\n")
      return Set(lines.filter { $0.hasPrefix("  otlp") && $0.hasSuffix(":") && $0.contains("/") }.map(String.init))
    }
    let both = try names(["https://a.example", "grpcs://b.example:4"])
    #expect(both == ["  otlphttp/traces-a.example-443-v1-traces:", "  otlp/traces-b.example-4:"])
    #expect(try names(["grpcs://b.example:4", "https://c.example", "https://a.example"]).isSuperset(of: both))
  }

  @Test(
    "what a collector cannot do is refused with one line",
    arguments: [
      (["--to", "-"], "a collector cannot write to standard output; leave --engine otelcol out"),
      (["--tee", "copy"], "a collector cannot copy what passes (--tee); leave --engine otelcol out"),
      (["--to", "file:a.json.gz"], "a collector cannot write 'file:a.json.gz' compressed; leave --engine otelcol out"),
      (
        ["--listen-http", "unix:/s"],
        "a collector cannot receive HTTP on a Unix socket (unix:/s); leave --engine otelcol out"
      ),
      (["--listen-http", "none", "--listen-grpc", "none"], "a collector needs one of --listen-grpc and --listen-http"),
      (["--once"], "--once is not for a collector; leave --engine otelcol out"),
      (["--delete"], "--delete is not for a collector; leave --engine otelcol out"),
      (["spans.json"], "a collector reads no files; leave --engine otelcol out"),
      (
        ["--batch-spans", "1", "--batch-bytes", "1MiB"],
        "a collector limits batches by --batch-spans or by --batch-bytes, not by both; leave --engine otelcol out"
      ),
    ])
  func refusals(_ options: [String], _ message: String) throws {
    for more in [["--print-config"], ["--otelcol-path", "/bin/true", "--listen-admin", "none"]] {
      let result = try Program.run(["relay", "--engine", "otelcol", "--to", "https://a"] + more + options)
      #expect(result.status == 2)
      #expect(result.errors == "ongrid relay: \(message)\n")
      #expect(result.output.isEmpty)
    }
  }

  @Test("the collector's options mean nothing without it", arguments: ["--print-config", "--otelcol-path=otelcol"])
  func nativeEngine(_ option: String) throws {
    let result = try Program.run(["relay", "--to", "https://a", option])
    #expect(result.status == 2)
    let name = option.split(separator: "=")[0]
    #expect(result.errors == "ongrid relay: \(name) needs --engine otelcol\n")
  }

  @Test("log lines of the collector and of its runtime become records")
  func logLines() {
    let record = CollectorLog.record(
      #"{"level":"error","ts":"t","caller":"c","msg":"Exporting failed. Dropping data.","resource":{"a":"b"},"#
        + #""error":"no","dropped_items":12}"#)
    #expect(record.level == .error && record.message == "otelcol: Exporting failed. Dropping data.")
    #expect(record.fields.map(\.name) == ["error", "dropped_items"])
    #expect(CollectorLog.lostItems(record) == 12)
    #expect(CollectorLog.cause(record) == "Exporting failed. Dropping data.: no")
    for (line, level) in [
      ("panic: boom", LogLevel.error), ("Error: cannot start", .error), ("goroutine 1 [running]:", .info),
      (#"{"level":"warn","msg":"m"}"#, .warn), (#"{"level":"fatal","msg":"m"}"#, .error),
      (#"{"level":"debug","msg":"m"}"#, .debug), (#"{"no":"message"}"#, .info), ("{", .info), ("", .info),
    ] {
      #expect(CollectorLog.record(line).level == level, "\(line)")
    }
  }
}

import Platform
import Testing

@testable import OngridCommands

/// Rules that every command's definition keeps, so that help, man pages and completions read alike.
@Suite struct CommandListTests {
  @Test func theFiveCommandsAreThere() {
    let names = Commands.names
    #expect(names.starts(with: ["relay", "spanmetrics", "compile-rule", "traceql", "correlate"]))
    #expect(Set(names).count == names.count)
    #expect(names == Commands.all.map(\.name))
  }

  @Test(arguments: Commands.names)
  func definitionsAreWellFormed(_ name: String) throws {
    let command = try #require(Commands.named(name))
    let options = command.allOptions
    #expect(Set(options.map(\.name)).count == options.count, "an option is defined twice")
    let shorts = options.compactMap(\.short)
    #expect(Set(shorts).count == shorts.count && !shorts.contains("h"), "a letter is used twice")
    #expect(!command.summary.hasSuffix(".") && command.summary.count <= 72)
    #expect(!command.description.isEmpty)
    #expect(command.arguments.dropLast().allSatisfy { !$0.isRepeatable })
    for option in options {
      #expect(option.name.wholeMatch(of: #/[a-z][a-z0-9]*(-[a-z0-9]+)*/#) != nil, "--\(option.name)")
      #expect(!option.name.hasPrefix("no-") && option.name != "help", "--\(option.name)")
      #expect(!option.help.isEmpty && !option.help.hasSuffix(".") && option.help.count <= 80, "--\(option.name)")
      if let value = option.defaultValue, !option.choices.isEmpty {
        #expect(option.choices.contains(value), "--\(option.name)")
      }
    }
  }

  @Test(arguments: Commands.names)
  func examplesParse(_ name: String) throws {
    let command = try #require(Commands.named(name))
    #expect(!command.examples.isEmpty)
    for example in command.examples {
      #expect(example.command.contains("ongrid \(name)"), "\(example.command)")
    }
  }

  /// Scripts are written against these.
  @Test(arguments: [
    (
      "relay",
      "to listen-grpc listen-http listen-admin once engine print-config compression batch-spans batch-bytes batch-timeout queue-dir queue-max retry-initial retry-max retry-for resource max-request tee cors-origin to-metrics to-logs input-format skip-bad"
    ),
    (
      "spanmetrics",
      "format dimension service-label buckets size exemplars service-graph max-series remote-write label follow interval listen input-format skip-bad"
    ),
    ("compile-rule", "format pretty check diagnostics service-label prometheus verify eval backtest"),
    (
      "traceql",
      "tempo jaeger zipkin from since start end limit spans-per-set step format exit-status check raw all trace-id tags tag-values input-format skip-bad"
    ),
    (
      "correlate",
      "service operation at window prometheus loki tempo from log-selector timeout max-bytes format input-format skip-bad"
    ),
  ])
  func theContractOfNamesHolds(_ name: String, _ contract: String) throws {
    let names = try Set(#require(Commands.named(name)).allOptions.map(\.name))
    let http =
      "header bearer-token-file basic-auth-file tenant tls-ca tls-cert tls-key tls-server-name tls-insecure-skip-verify timeout"
    let common = "quiet log-level log-format color"
    for option in "\(contract) \(http) \(common)".split(separator: " ") {
      #expect(names.contains(String(option)), "--\(option)")
    }
  }
}

@Suite struct LogLineTests {
  private let record = LogRecord(
    level: .warn, message: "queue\nfull \"x\"", fields: [(name: "bytes", value: "5"), (name: "dir", value: "a\u{1B}b")])

  @Test func textIsOneLineWithoutControlCharacters() {
    #expect(
      StandardErrorLog.textLine(record, command: "relay")
        == "ongrid relay: warning: queue\\nfull \"x\" (bytes=5, dir=a\\x1bb)")
  }

  @Test func jsonIsOneObject() {
    #expect(
      StandardErrorLog.jsonLine(record, at: Timestamp(nanoseconds: 0))
        == #"{"time":"1970-01-01T00:00:00Z","level":"warn","message":"queue\nfull \"x\"","bytes":"5","dir":"a\u001bb"}"#
    )
  }
}

@Suite struct MarkupTests {
  @Test func paragraphsAndVerbatimLinesAreToldApart() {
    #expect(
      Markup.blocks("one\ntwo\n\n    code\n    more\nthree")
        == [.paragraph("one two"), .verbatim(["code", "more"]), .paragraph("three")])
    #expect(Markup.blocks("") == [])
  }
}

import Libc
import Platform
import Relay
import Sampling
import TraceQL

/// The options of `ongrid relay` that choose among traces, and what they become.
enum SamplingOptions {
  static let keep = Option.list(
    "keep", "TRACEQL", .text, help: "Keep all spans of traces that match",
    documentation: """
      May be given several times. `--keep '100/s { … }'` keeps at most so many traces a second. A trace is judged once \
      nothing has come of it for `--settle`; where filters on single spans, joined by `&&` and `||`, already say that it is \
      kept, its spans pass at once. Without `--sample`, what no rule keeps is dropped. Metrics and logs are not looked at.
      """)
  static let drop = Option.list(
    "drop", "TRACEQL", .text, help: "Drop spans, or whole traces, that match",
    documentation: """
      A query that each span passes or not by itself, such as `{ span.http.route = "/healthz" }`, drops these spans before \
      anything else looks at their trace; any other drops whole traces, and with it no trace passes early. It wins over \
      `--keep`. Without `--keep` and `--sample` everything else is kept.
      """)
  static let sample = Option.value(
    "sample", "P%|N/s", .sample, help: "Of the other traces keep this share, or so many a second",
    documentation: """
      Consistent by trace id, as OpenTelemetry's probability sampling has it: relays on many hosts keep the same traces \
      without talking. Spans carry the threshold in their tracestate (`ot=th:…`), the greater of what they had and the \
      share's, so that Tempo and `spanmetrics` (with its `--span-multiplier-tracestate`) count right. `N/s` moves the \
      threshold of this relay alone.
      """)
  static let settle = Option.value(
    "settle", "DURATION", .duration(), default: "10s", help: "How long a trace rests before it is judged",
    documentation: "With `--once` traces are judged at the end of the input.")
  static let sampleMemory = Option.value(
    "sample-memory", "SIZE", .size(in: (1 << 20)...(1 << 40)), default: "64MiB",
    help: "Most memory for spans of traces that are not judged",
    documentation: """
      Beyond it those that have rested for longest are judged early, which is counted. With `--queue-dir` their requests \
      are on disk as well, at most as much as `--queue-max`; after a crash they are judged again.
      """)

  static let redact = Option.list(
    "redact", "NAME", .text, help: "Hide the values of attributes with this name, * for any run of characters",
    documentation: """
      `span.http.request.header.*`, or `resource.`, `instrumentation.`, `event.`, `link.`; `.user.email` anywhere. \
      `[redacted]` stands in their place, before anything else looks at the spans: `--tee`, rules and queues never see \
      the values.
      """)
  static let redactValues = Option.list(
    "redact-values", "PATTERN", .text, help: "Hide what this matches in any text: PCRE2, or cards, mails, tokens",
    documentation: """
      In values of attributes, lists and maps included, in names of spans and events and in messages of statuses. `cards` \
      are numbers of payment cards with the right check digit, `mails` addresses, `tokens` JSON web tokens, credentials \
      after `Bearer` or `Basic`, and keys of well-known form. A text on which a pattern takes too long is hidden whole.
      """)
  static let redactKeyFile = Option.value(
    "redact-key-file", "FILE", .file, help: "Write hashes with the key in this file in place of hidden values",
    documentation: """
      `hmac:` and the first 32 hexadecimal digits of the value's HMAC-SHA-256: equal values stay equal. The key is the \
      file without a newline at its end; what `openssl dgst -sha256 -hmac KEY` prints is the same.
      """)

  static let group = OptionGroup(
    "Sampling and redaction",
    [keep, drop, sample, settle, sampleMemory, redact, redactValues, redactKeyFile])

  /// What the options say is to be hidden; `nil` when they say nothing.
  static func redactor(_ arguments: Arguments) throws(CommandError) -> Redactor? {
    var redaction = Redaction()
    for name in try arguments[redact] where !redaction.add(name: name) {
      throw arguments.invalid(
        redact, name, expected: "PLACE.NAME with a place of span, resource, instrumentation, event, link, or .NAME")
    }
    for pattern in try arguments[redactValues] {
      if let problem = redaction.add(values: pattern) { throw .usage("--redact-values '\(pattern)': \(problem)") }
    }
    let keyFile = try arguments[redactKeyFile]
    if redaction.isEmpty {
      if keyFile != nil { throw .usage("--redact-key-file needs --redact or --redact-values") }
      return nil
    }
    if try arguments[RelayOptions.engine] == .otelcol {
      throw .usage("a collector cannot redact; leave --engine otelcol out")
    }
    if let keyFile {
      do throws(SystemError) {
        var key = try WholeFile.read(try FileDescriptor.openForReading(keyFile), limit: 64 << 10)
        while key.last == UInt8(ascii: "\n") || key.last == UInt8(ascii: "\r") { key.removeLast() }
        if key.count < 16 { throw SystemError("use \(keyFile)", code: EINVAL) }
        redaction.use(key: key)
      } catch {
        throw .usage("--redact-key-file: \(error.code == EINVAL ? "the key must have at least 16 bytes" : "\(error)")")
      }
    }
    return Redactor(redaction)
  }

  static func policy(_ arguments: Arguments) throws(CommandError) -> Policy {
    var policy = Policy()
    do throws(PolicyError) {
      for text in try texts(drop, arguments) { try policy.add(.drop, text) }
      for text in try texts(keep, arguments) { try policy.add(.keep, text) }
      try policy.checkTogether()
    } catch {
      var failure = CommandError.usage(error.description)
      failure.detail = error.error.excerpt
      throw failure
    }
    policy.sample = try arguments[sample]
    return policy
  }

  /// Reading texts cannot fail, but for the type of the error.
  private static func texts(_ option: Option<[String]>, _ arguments: Arguments) throws(PolicyError) -> [String] {
    (try? arguments[option]) ?? []
  }

  /// The stage that the options ask for; `nil` when they ask for none.
  static func stage(
    _ arguments: Arguments, _ configuration: RelayConfiguration, _ log: Log
  ) throws(CommandError) -> TraceSampler? {
    let policy = try policy(arguments)
    if policy.isEmpty {
      for option: any CommandOption in [settle, sampleMemory] where arguments.isGiven(option) {
        throw .usage("--\(option.name) needs --keep, --drop or --sample")
      }
      return nil
    }
    if try arguments[RelayOptions.engine] == .otelcol {
      throw .usage("a collector cannot choose by --keep, --drop and --sample; leave --engine otelcol out")
    }
    var settings = TraceSampler.Settings()
    settings.memory = try arguments[sampleMemory]
    settings.disk = configuration.pipeline.queueMax
    settings.batchItems = configuration.pipeline.batchItems
    settings.batchBytes = configuration.pipeline.batchBytes
    if try arguments[RelayOptions.once] {
      settings.isRecording = true
    } else {
      settings.settle = try arguments[settle]
    }
    do throws(EngineError) { return try TraceSampler(policy, settings, log: log) } catch {
      throw .usage("--keep, --drop: \(error)")
    }
  }
}

extension OptionType<Policy.Sample> {
  static var sample: Self {
    Self("a share such as 5% or a rate such as 20/s, above 0") { Policy.sample($0) }
  }
}

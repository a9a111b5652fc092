import Platform

/// Options that every command has.
enum CommonOptions {
  static let output = Option.value(
    "output", short: "o", "FILE", .file, help: "Write results to this file instead of standard output",
    documentation: """
      A reader sees the old content or the new one, never a part: the file is replaced at the end, keeps its mode, and \
      where it is a link, what it leads to is replaced.
      """)

  static let quiet = Option.flag(
    "quiet", short: "q", help: "Print results and errors only",
    documentation: "No progress and no log lines below `error`, whatever `--log-level` says.")

  static let logLevel = Option.value(
    "log-level", "LEVEL", .choice(LogLevel.self, \.name), environment: "ONGRID_LOG_LEVEL", default: "info",
    help: "Least important log lines to print",
    documentation: "Log lines go to standard error. `debug` prints most, `error` least.")

  static let logFormat = Option.value(
    "log-format", "FORMAT", .choice(StandardErrorLog.Format.self), environment: "ONGRID_LOG_FORMAT", default: "text",
    help: "How log lines look",
    documentation: """
      `text` is for people. `json` prints one object a line with `time`, `level`, `message` and the line's own fields.
      """)

  static let color = Option.value(
    "color", "WHEN", .choice(ColorChoice.self), default: "auto", help: "When to use colour",
    documentation: "`auto` uses colour on a terminal unless `NO_COLOR` is set or `TERM` is `dumb`.")

  static let group = OptionGroup("Output and logging", [output, quiet, logLevel, logFormat, color])
}

/// The words of `--input-format`.
enum InputFormat: String, CaseIterable {
  case auto
  case otlpJSON = "otlp-json"
  case otlpProtobuf = "otlp-proto"
  case tempoJSON = "tempo-json"
  case jaegerJSON = "jaeger-json"
  case zipkinJSON = "zipkin-json"
}

/// Options of every command that reads traces from files or standard input.
enum InputOptions {
  static let inputFormat = Option.value(
    "input-format", "FORMAT", .choice(InputFormat.self), default: "auto",
    help: "Format of the traces that are read",
    documentation: """
      Normally detected: OTLP/JSON (one document or one a line, also with the names before OTLP 1.0), OTLP protobuf \
      (one message, or a stream of messages each after its length in four bytes, big-endian), Tempo's traces and search \
      answers, Jaeger's JSON (of its API, its user interface, or from Elasticsearch), Zipkin's, and what the console \
      exporters of Go and Python print; each plain, gzip, zstd, bzip2 or xz, in a tar archive or not. Give the format when \
      the beginning of the input could be mistaken.

      A directory stands for the files in it and below it; hidden ones and those that end in `.tmp`, `.part` or `.bad` are \
      left out, which is said.

      Metrics and log records among traces are passed over and counted.
      """)

  static let skipBad = Option.flag(
    "skip-bad", help: "Count records that cannot be read and go on",
    documentation: """
      Without it the first bad record ends the command with exit status 2. With it bad records are counted, the count \
      is logged, and the exit status is 4 when there were any. Of input that is cut at its end, or damaged where it is \
      compressed, all that stands before the damage is read.
      """)

  static let group = OptionGroup("Input", [inputFormat, skipBad])
}

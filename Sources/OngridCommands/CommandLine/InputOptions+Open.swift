import OTLP
import Platform
import TraceFormats

extension InputOptions {
  /// The traces in the command's positional arguments, or on standard input where there are none.
  static func open(_ arguments: Arguments, paths: [String]? = nil) throws(CommandError) -> TraceInput {
    var options = try options(arguments)
    options.progress = try InputProgress.callback(arguments)
    let paths = paths ?? arguments.positionals
    if paths.isEmpty || paths == ["-"] { try StandardErrorLog.sayThatItWaits(for: "traces", arguments) }
    do throws(InputError) { return try TraceInput(paths, options: options) } catch {
      throw .usage(error.description)
    }
  }

  /// How traces are read, as the command line says.
  static func options(_ arguments: Arguments, follow: Bool = false) throws(CommandError) -> TraceInputOptions {
    var options = TraceInputOptions()
    options.follow = follow
    options.skipsBad = try arguments[skipBad]
    switch try arguments[inputFormat] {
    case .otlpJSON, .tempoJSON, .jaegerJSON, .zipkinJSON: options.format = .json
    case .otlpProtobuf: options.isProtobuf = true
    case .auto: break
    }
    return options
  }

  /// Says what of the input was passed over, skipped or not understood, each in one line, and what it makes of the status.
  ///
  /// - Parameters:
  ///   - skipped: bad records that the decoders passed over.
  ///   - first: the first of them, where it is known.
  static func report(_ input: TraceInput, skipped: Int, first: InputError? = nil, _ log: Log) -> ExitStatus {
    let summary = input.findings.summary
    if let text = input.leftOutText { log.warn(text) }
    if let text = summary.madeIDsText {
      log.warn(text, ["made_ids": "\(summary.madeIDs)", "first": summary.firstMadeID?.description ?? ""])
    }
    if let text = summary.otherSignalsText {
      log.info(
        "passed over \(text): only traces are read here",
        [
          "metrics": "\(summary.otherSignals[.metrics] ?? 0)", "log_records": "\(summary.otherSignals[.logs] ?? 0)",
        ])
    }
    if summary.notUnderstood > 0 {
      let place = summary.firstNotUnderstood?.description ?? ""
      log.warn(
        "\(summary.notUnderstood) parts of the input were not understood, the first: \(place)",
        ["not_understood": "\(summary.notUnderstood)", "first": place])
    }
    let bad = skipped + summary.skipped
    if bad > 0 {
      let place = (first ?? summary.firstSkipped)?.description ?? ""
      log.warn(
        "skipped \(bad) bad records" + (place.isEmpty ? "" : ", the first: \(place)"),
        ["bad_records": "\(bad)", "first": place])
    }
    return bad > 0 || summary.notUnderstood > 0 ? .partial : .done
  }
}

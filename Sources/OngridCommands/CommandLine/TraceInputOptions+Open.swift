import OTLP

extension TraceInputOptions {
  /// The traces in the command's positional arguments, or on standard input where there are none.
  static func open(
    _ arguments: Arguments, paths: [String]? = nil, follow: Bool = false
  ) throws(CommandError) -> TraceInput {
    var options = OTLP.TraceInputOptions()
    options.follow = follow
    let format = try arguments.string(inputFormat)
    switch format {
    case "otlp-json", "tempo-json": options.format = .json
    case "otlp-proto": options.isProtobuf = true
    default: break
    }
    do throws(InputError) { return try TraceInput(paths ?? arguments.positionals, options: options) } catch {
      throw .usage(error.description)
    }
  }
}

import OTLP

extension InputOptions {
  /// The traces in the command's positional arguments, or on standard input where there are none.
  static func open(_ arguments: Arguments, paths: [String]? = nil) throws(CommandError) -> TraceInput {
    let options = try options(arguments)
    do throws(InputError) { return try TraceInput(paths ?? arguments.positionals, options: options) } catch {
      throw .usage(error.description)
    }
  }

  /// How traces are read, as the command line says.
  static func options(_ arguments: Arguments, follow: Bool = false) throws(CommandError) -> TraceInputOptions {
    var options = TraceInputOptions()
    options.follow = follow
    switch try arguments[inputFormat] {
    case .otlpJSON, .tempoJSON: options.format = .json
    case .otlpProtobuf: options.isProtobuf = true
    case .auto: break
    }
    return options
  }
}

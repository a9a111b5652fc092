import Libc

// Development tool: makes trace data of any size for benchmarks and manual tests.
// `swift run -c release ongrid-bench generate --spans 500000 > spans.otlp`

let usage = """
  usage: ongrid-bench generate [--spans N] [--seed N] [--format protobuf|message|json|csv] [--batch N]
                               [--start UNIX_SECONDS] [--output FILE]

    protobuf  a stream of 4-byte big-endian length + ExportTraceServiceRequest (default)
    message   one ExportTraceServiceRequest
    json      OTLP/JSON, one request per line
    csv       one span per line, without a header: see CSVEncoder

  """

do {
  let options = try GenerateOptions(arguments: Array(CommandLine.arguments.dropFirst()))
  let sink = try FileSink(path: options.output)
  var generator = TraceGenerator(options: options)
  while let batch = generator.nextBatch() {
    try sink.write(options.format.encode(batch))
  }
  try sink.close()
} catch {
  FileSink.standardError.report("ongrid-bench: \(error)\n\(usage)")
  exit(2)
}

import Libc

// Development tool: loads a relay and counts what arrives behind it.
// `Benchmarks/relay.sh` puts the parts together.

let usage = """
  usage: ongrid-relay-bench sink [--port N] [--tls-cert FILE --tls-key FILE] [--fail-every N]
         ongrid-relay-bench load --to HOST:PORT --protocol grpc|http [--encoding identity|gzip] [--requests N]
                                 [--spans N] [--connections N] [--streams N] [--rate N] [--pid PID] [--sink PORT]
                                 [--tls-ca FILE]
         ongrid-relay-bench soak --grpc PORT --http PORT --pid PID --sink PORT [--requests N] [--rate N] [--spans N]
                                 [--queue-dir DIRECTORY]

    sink  takes OTLP over HTTP/1.1 and gRPC, with TLS where clients begin with it, counts spans, and prints its port
    load  sends requests, waits until the sink has counted their spans, and prints one line of figures
    soak  sends requests of all kinds, good and bad, and tells whether the relay's memory and descriptors grow

  """

signal(SIGPIPE, SIG_IGN)
do {
  let arguments = Array(CommandLine.arguments.dropFirst())
  switch arguments.first {
  case "sink": try Sink(BenchOptions(arguments.dropFirst())).run()
  case "soak":
    var soak = try Soak(BenchOptions(arguments.dropFirst()))
    try soak.run()
  case "load": try Load(BenchOptions(arguments.dropFirst())).run()
  default: throw BenchError("a command is needed")
  }
} catch {
  let message = Array("ongrid-relay-bench: \(error)\n\(usage)".utf8)
  _ = write(STDERR_FILENO, message, message.count)
  exit(2)
}

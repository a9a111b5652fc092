// Development tool: loads a relay and counts what arrives behind it.
// `Benchmarks/relay.sh` puts the parts together.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

let usage = """
  usage: ongrid-relay-bench sink [--port N] [--tls-cert FILE --tls-key FILE]
         ongrid-relay-bench load --to HOST:PORT --protocol grpc|http [--encoding identity|gzip] [--requests N]
                                 [--spans N] [--connections N] [--streams N] [--rate N] [--pid PID] [--sink PORT]
                                 [--tls-ca FILE]

    sink  takes OTLP over HTTP/1.1 and gRPC, with TLS where clients begin with it, counts spans, and prints its port
    load  sends requests, waits until the sink has counted their spans, and prints one line of figures

  """

signal(SIGPIPE, SIG_IGN)
do {
  let arguments = Array(CommandLine.arguments.dropFirst())
  switch arguments.first {
  case "sink": try Sink(BenchOptions(arguments.dropFirst())).run()
  case "load": try Load(BenchOptions(arguments.dropFirst())).run()
  default: throw BenchError("a command is needed")
  }
} catch {
  let message = Array("ongrid-relay-bench: \(error)\n\(usage)".utf8)
  _ = write(STDERR_FILENO, message, message.count)
  exit(2)
}

import Libc
import Platform
import Relay

/// `ongrid relay`.
enum RelayCommand {
  static let command = Command(
    name: "relay", summary: "Receive, batch and forward OTLP traces, metrics and logs",
    description: """
      Receives OTLP over gRPC and HTTP from applications on this host, batches it, and sends it on with \
      authentication, compression, retries and a bounded queue. Metrics and logs go the same way as traces once \
      `--to-metrics` and `--to-logs` say where. `--config` names a file that holds options and destinations.

      SIGTERM and SIGINT stop it: it takes no more requests, delivers what it has accepted, and says what it has done. \
      A second signal ends it at once. SIGHUP makes it open the files it writes to anew, after they have been renamed, and with \
      `--queue-dir` read the file of `--config` again, destinations included; a file with mistakes changes nothing. \
      Certificates, keys and tokens are read again by themselves when they change.
      """,
    synopsis: [
      "relay --to URL [OPTIONS]", "relay --once --to URL [OPTIONS] [FILE...]",
      "relay --dry-run-policy [OPTIONS] [FILE...]",
    ],
    arguments: [Argument("FILE", kind: .file, repeatable: true, help: "What to deliver with --once; - is stdin")],
    options: RelayOptions.groups,
    examples: [
      Example("Relay to a Tempo in the cloud", "ongrid relay --to https://tempo.example/v1/traces --tenant team-a"),
      Example(
        "Keep errors, slow traces and a twentieth of the rest",
        "ongrid relay --to https://tempo.example --keep '{ status = error } || { duration > 1s }' --sample 5%"),
      Example("Deliver a file", "ongrid relay --once --to grpc://localhost:4317 traces.jsonl"),
    ],
    exitNotes: [ExitNote(.partial, "Something could not be delivered; standard error says how many and why.")],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    let log = try StandardErrorLog.make(arguments)
    let given = arguments
    let (arguments, file) = try RelayArguments.withFile(given)
    if try arguments[RelayOptions.dryRunPolicy] { return try RelayDryRun.run(arguments, log) }
    let configuration = try RelayArguments.complete(arguments, file: file, log)
    if try arguments[RelayOptions.checkConfig] {
      do throws(RelayError) { try configuration.check() } catch { throw .usage(error.description) }
      return .done
    }
    if try arguments[RelayOptions.engine] == .otelcol { return try RelayEngine.run(arguments, configuration, log) }
    for option: any CommandOption in [RelayOptions.printConfig, RelayOptions.otelcolPath]
    where arguments.isGiven(option) {
      throw .usage("--\(option.name) needs --engine otelcol")
    }
    if try arguments[RelayOptions.once] { return try RelayOnce.run(arguments, configuration, log) }
    guard try arguments[CommonOptions.output] == nil else {
      throw .usage("--output holds back what a relay writes until it ends: use --to file:PATH")
    }
    for option in TimeRangeOptions.all where arguments.isGiven(option) { throw .usage("--\(option.name) needs --once") }
    if !arguments.positionals.isEmpty { throw .usage("files can only be given with --once") }
    return try serve(given, file, configuration, log)
  }

  private static func serve(
    _ given: Arguments, _ file: RelayConfigFile?, _ configuration: RelayConfiguration, _ log: Log
  ) throws(CommandError) -> ExitStatus {
    raiseDescriptorLimit()
    let signals = StopSignals(andReload: true)
    var configuration = configuration
    configuration.inheritedSockets = ServiceManager.inheritedSockets()
    configuration.onBrokenOutput = {
      // Whoever read standard output has gone: the relay ends as on a signal, and quietly.
      kill(getpid(), SIGTERM)
    }
    do throws(RelayError) {
      var serving = try RelayServing(given, file, configuration, log, signals)
      return try serving.run() ? .done : .partial
    } catch {
      throw CommandError(error.description, status: error.isUsage ? .usage : .backend)
    }
  }
}

import Libc
import Platform
import Transport

/// `ongrid doctor`.
enum DoctorCommand {
  static let relay = Option.value(
    "relay", "URL", .url, environment: "ONGRID_RELAY_URL", default: "http://localhost:4318",
    help: "Where applications send their spans",
    documentation: "The OTLP/HTTP address of the relay, or of a collector or Tempo itself.")
  static let relayAdmin = Option.value(
    "relay-admin", "URL", .url, environment: "ONGRID_RELAY_ADMIN_URL", default: "http://localhost:8888",
    help: "The relay's own pages: /readyz and /metrics")
  static let send = Option.flag(
    "send", default: true, help: "Send a marked span and follow it",
    documentation: """
      One span of the service `ongrid-doctor`, with a trace id of its own and the attribute `ongrid.doctor`. With \
      `--no-send` nothing is sent, and only what is there is looked at.
      """)
  static let wait = Option.value(
    "wait", "DURATION", .duration(in: .zero ... .seconds(3600)), default: "90s",
    help: "Longest time for the span to become a trace, and a metric",
    documentation: "Tempo's generator hands on what it has counted every 15 seconds.")
  static let timeout = Option.value(
    "timeout", "DURATION", .duration(in: .milliseconds(1) ... .seconds(3600)), default: "10s",
    help: "Longest time for one question to a server")
  static let format = Option.value(
    "format", short: "f", "FORMAT", .choice(DoctorReport.Format.self), default: "text", help: "Output format",
    documentation: """
      `text` prints each finding as it is made. `json` prints one object with `healthy`, counts by level, and `findings`, \
      whose `check` names do not change.
      """)

  static let relayCredentials = CredentialOptions("relay", title: "the relay")

  static let command = Command(
    name: "doctor", summary: "Follow one span through the whole pipeline and say what is broken",
    description: """
      Sends one marked span to the relay and follows it: into Tempo, out of Tempo's search, into the span metric in \
      Prometheus, to the rules that read such metrics. On the way it looks at versions, clocks, the labels of span metrics \
      (`service` or `service_name`), their buckets, retention, and limits. Each finding that is not good names its remedy.

      Only servers that are named are asked; without any, what is on this machine is looked at: libraries that are loaded \
      at first use, and the relay, if one runs.
      """,
    options: [
      OptionGroup(
        "Pipeline",
        [relay, relayAdmin, BackendOptions.tempo, BackendOptions.prometheus, BackendOptions.loki, send, wait]),
      OptionGroup("Results", [format]), ClientOptions.group.replacing(timeout),
      OptionGroup("Credentials of the relay", relayCredentials.all), SourceCredentials.group,
    ],
    examples: [
      Example("This machine alone", "ongrid doctor"),
      Example(
        "From a span to a rule",
        "ongrid doctor --tempo http://localhost:3200 --prometheus http://localhost:9090"),
      Example("For cron: silence unless something is wrong", "ongrid doctor > /tmp/doctor.txt || cat /tmp/doctor.txt"),
    ],
    exitNotes: [
      ExitNote(.done, "Nothing is broken; there may be warnings."),
      ExitNote(.no, "Something is broken."),
      ExitNote(.backend, "Something is broken, and a server could not be reached or refused."),
    ],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    let color = try arguments[CommonOptions.color].usesColor(on: STDOUT_FILENO)
    let report = DoctorReport(try arguments[format], color: color)
    var doctor = Doctor(try DoctorSettings(arguments), report)
    try doctor.run()
    try doctor.report.finish()
    return doctor.report.status
  }
}

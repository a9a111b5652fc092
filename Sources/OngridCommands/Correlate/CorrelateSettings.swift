import AlertRules
import Backends
import Correlate
import JSON
import MetricProfiles
import OTLP
import Platform
import TraceFormats
import Transport

/// What the options and the input of `ongrid correlate` say.
struct CorrelateSettings {
  enum Format: String, CaseIterable {
    case json, markdown
  }

  let configuration: CorrelateConfiguration
  let incidents: [Incident]
  let moment: Timestamp?
  let maximumBytes: Int
  let format: Format

  /// Larger inputs hold no incident.
  private static let maximumInput = 16 << 20

  init(_ arguments: Arguments) throws(CommandError) {
    typealias Options = CorrelateCommand
    var configuration = CorrelateConfiguration()
    configuration.prometheus = try arguments[BackendOptions.prometheus]
    configuration.loki = try arguments[BackendOptions.loki]
    configuration.files = try arguments[Options.from]
    // Files take Tempo's place, also that of an address in the environment.
    if configuration.files.isEmpty {
      configuration.tempo = try arguments[BackendOptions.tempo]
    } else if arguments.isGiven(BackendOptions.tempo) {
      throw .usage("--from and --tempo exclude each other")
    }
    if configuration.files.contains("-") {
      throw .usage("--from: the traces are read twice, so they must be in a file")
    }
    guard configuration.hasSource else {
      throw .usage("nothing to ask: give --prometheus, --loki, --tempo or --from (or set ONGRID_PROMETHEUS_URL, …)")
    }
    configuration.fileOptions = try InputOptions.options(arguments)
    if !configuration.files.isEmpty {
      // What cannot be read is wrong with the call, and no source that fails.
      do throws(InputError) { _ = try TraceInput(configuration.files, options: configuration.fileOptions) } catch {
        throw .usage("--from: \(error.description)")
      }
    }
    configuration.skipsBadRecords = try arguments[InputOptions.skipBad]
    let stretch = try CorrelateSettings.stretch(arguments)
    let window = try arguments[Options.window].nanoseconds
    configuration.windowLength = stretch?.length ?? window
    configuration.baselineLength = try arguments[Options.baseline].nanoseconds
    configuration.timeout = try arguments[Options.timeout].nanoseconds
    try CorrelateSettings.authenticate(&configuration, arguments)
    configuration.logSelector = try arguments[Options.logSelector]
    configuration.serviceLabel = try arguments[Options.serviceLabel]
    guard LabelName.isFree(configuration.serviceLabel) else {
      throw arguments.invalid(Options.serviceLabel, configuration.serviceLabel, expected: "a label name")
    }
    self.configuration = configuration
    let at = try arguments[Options.at]
    moment = stretch?.middle ?? at
    maximumBytes = try arguments[Options.maxBytes]
    format = try arguments[Options.format]
    incidents = try CorrelateSettings.incidents(arguments, serviceLabel: configuration.serviceLabel)
  }

  /// The window that `--since`, `--start` and `--end` give, another way to say `--at` and `--window`.
  private static func stretch(_ arguments: Arguments) throws(CommandError) -> (middle: Timestamp, length: Int64)? {
    typealias Options = CorrelateCommand
    guard TimeRangeOptions.all.contains(where: { arguments.isGiven($0) }) else { return nil }
    for option: any CommandOption in [Options.at, Options.window] where arguments.isGiven(option) {
      throw .usage("--\(option.name) and --since, --start or --end exclude each other")
    }
    let (given, last) = try TimeRangeOptions.read(arguments)
    let end = last ?? arguments.now
    let since = try arguments[TimeRangeOptions.since].nanoseconds
    let start = given ?? end.advanced(byNanoseconds: -since)
    let length = (end - start).nanoseconds
    guard (Duration.seconds(60).nanoseconds...Duration.seconds(7 * 86_400).nanoseconds).contains(length) else {
      throw .usage("the window from --start to --end must be from 1m to 7d long")
    }
    return (start.advanced(byNanoseconds: length / 2), length)
  }

  /// Gives each source the credentials that are for it.
  private static func authenticate(
    _ configuration: inout CorrelateConfiguration, _ arguments: Arguments
  ) throws(CommandError) {
    typealias Place = (CredentialOptions, HTTPURL?, WritableKeyPath<CorrelateConfiguration, HTTPOptions>)
    let places: [Place] = [
      (SourceCredentials.prometheus, configuration.prometheus, \.prometheusHTTP),
      (SourceCredentials.loki, configuration.loki, \.lokiHTTP),
      (SourceCredentials.tempo, configuration.tempo, \.tempoHTTP),
    ]
    let asked = places.compactMap { (options, url, path) in
      url.map { (SourceCredentials.Source(options: options, url: $0), path) }
    }
    let options = try SourceCredentials.httpOptions(of: asked.map(\.0), arguments)
    for ((_, path), options) in zip(asked, options) { configuration[keyPath: path] = options }
  }

  private static func incidents(
    _ arguments: Arguments, serviceLabel: String
  ) throws(CommandError) -> [Incident] {
    typealias Options = CorrelateCommand
    guard arguments.positionals.count <= 1 else { throw .usage("one input at most; an input may hold many incidents") }
    var incidents = [Incident()]
    // Without a file or a service to ask for, the incident comes from standard input.
    let path = arguments.positionals.first ?? (arguments.isGiven(Options.service) ? nil : "-")
    if let path {
      let name = path == "-" ? "standard input" : path
      if path == "-" { try StandardErrorLog.sayThatItWaits(for: "an incident", arguments) }
      let bytes: [UInt8]
      do throws(SystemError) {
        bytes =
          path == "-"
          ? try WholeFile.read(.standardInput, limit: maximumInput)
          : try WholeFile.read(.openForReading(path), limit: maximumInput)
      } catch {
        throw .usage(error.description)
      }
      do throws(IncidentError) {
        incidents = try bytes.withByteView { view throws(IncidentError) in try IncidentReader.read(view) }
      } catch {
        throw .usage("\(name): \(error)")
      }
    }
    for index in incidents.indices {
      if let service = try arguments[Options.service] { incidents[index].service = service }
      if let operation = try arguments[Options.operation] { incidents[index].operation = operation }
      guard let service = incidents[index].service, !service.isEmpty else {
        let which = incidents.count > 1 ? "incident \(index + 1) of \(incidents.count)" : "the incident"
        throw .usage("\(which) names no service: give --service")
      }
      compile(&incidents[index], serviceLabel)
    }
    return incidents
  }

  /// Fills in the rule's expression from its conditions, where they are a rule on traces.
  private static func compile(_ incident: inout Incident, _ serviceLabel: String) {
    guard incident.expression == nil, let conditions = incident.conditions, let kind = incident.kind else { return }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("kind")
    writer.string(kind)
    writer.key("scope_type")
    writer.string("global")
    writer.key("conditions_json")
    writer.value(conditions)
    writer.endObject()
    let set = RuleSet(reading: [RuleSource(name: "incident", bytes: writer.bytes)], serviceLabel: serviceLabel)
    guard let rule = set.rules.first else { return }
    var profile = MetricProfile.tempo
    profile.serviceLabel = serviceLabel
    incident.expression = RuleCompiler(profile: profile).compile(rule).text
  }
}

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
    case json, markdown, html, bundle
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
    var configuration = try CorrelateSettings.sources(arguments)
    guard configuration.hasSource else {
      throw .usage(
        "nothing to ask: give --prometheus, --loki, --tempo, --jaeger, --zipkin or --from (or set "
          + "ONGRID_PROMETHEUS_URL, …)")
    }
    let stretch = try CorrelateSettings.stretch(arguments)
    let window = try arguments[Options.window].nanoseconds
    configuration.windowLength = stretch?.length ?? window
    configuration.baselineLength = try arguments[Options.baseline].nanoseconds
    configuration.timeout = try arguments[Options.timeout].nanoseconds
    configuration.grafana = try arguments[Options.grafana]
    self.configuration = configuration
    let at = try arguments[Options.at]
    moment = stretch?.middle ?? at
    maximumBytes = try arguments[Options.maxBytes]
    format = try arguments[Options.format]
    incidents = try CorrelateSettings.incidents(
      arguments, serviceLabel: configuration.serviceLabel, needsService: format != .bundle)
    if format == .bundle { try checkBundle(arguments) }
  }

  /// The limits of the tool whose shape it is.
  private func checkBundle(_ arguments: Arguments) throws(CommandError) {
    guard incidents.count <= BundleCollector.maximumIncidents else {
      throw .usage(
        "--format bundle takes \(BundleCollector.maximumIncidents) incidents, and the input holds \(incidents.count)")
    }
    guard BundleCollector.windows.contains(configuration.windowLength) else {
      throw arguments.invalid(
        CorrelateCommand.window, DurationText.format(configuration.windowLength),
        expected: "between 1m and 4h with --format bundle")
    }
  }

  /// Where to ask, and as whom.
  static func sources(_ arguments: Arguments) throws(CommandError) -> CorrelateConfiguration {
    typealias Options = CorrelateCommand
    var configuration = CorrelateConfiguration()
    configuration.prometheus = try arguments[BackendOptions.prometheus]
    configuration.loki = try arguments[BackendOptions.loki]
    configuration.files = try arguments[Options.from]
    try CorrelateSettings.chooseStore(&configuration, arguments)
    if configuration.files.contains("-") {
      throw .usage("--from: the traces are read twice, so they must be in a file")
    }
    configuration.fileOptions = try InputOptions.options(arguments)
    configuration.fileOptions.progress = try InputProgress.callback(arguments)
    if !configuration.files.isEmpty {
      // What cannot be read is wrong with the call, and no source that fails.
      do throws(InputError) { _ = try TraceInput(configuration.files, options: configuration.fileOptions) } catch {
        throw .usage("--from: \(error.description)")
      }
    }
    configuration.skipsBadRecords = try arguments[InputOptions.skipBad]
    try authenticate(&configuration, arguments)
    configuration.logSelector = try arguments[Options.logSelector]
    configuration.serviceLabel = try arguments[Options.serviceLabel]
    guard LabelName.isFree(configuration.serviceLabel) else {
      throw arguments.invalid(Options.serviceLabel, configuration.serviceLabel, expected: "a label name")
    }
    return configuration
  }

  /// Where the traces come from. What is given wins over the environment, and files over all servers in it.
  private static func chooseStore(
    _ configuration: inout CorrelateConfiguration, _ arguments: Arguments
  ) throws(CommandError) {
    let stores = [BackendOptions.tempo, BackendOptions.jaeger, BackendOptions.zipkin]
    let given = stores.filter { arguments.isGiven($0) }
    let names = (configuration.files.isEmpty ? [] : ["--from"]) + given.map { "--\($0.name)" }
    guard names.count <= 1 else { throw .usage("\(names.joined(separator: " and ")) exclude each other") }
    guard configuration.files.isEmpty else { return }
    let chosen = given.first ?? stores.first { !arguments.texts($0.definition).isEmpty }
    switch chosen?.name {
    case BackendOptions.tempo.name: configuration.tempo = try arguments[BackendOptions.tempo]
    case BackendOptions.jaeger.name: configuration.jaeger = try arguments[BackendOptions.jaeger]
    case BackendOptions.zipkin.name: configuration.zipkin = try arguments[BackendOptions.zipkin]
    default: break
    }
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
      (SourceCredentials.jaeger, configuration.jaeger, \.jaegerHTTP),
      (SourceCredentials.zipkin, configuration.zipkin, \.zipkinHTTP),
    ]
    let asked = places.compactMap { (options, url, path) in
      url.map { (SourceCredentials.Source(options: options, url: $0), path) }
    }
    let options = try SourceCredentials.httpOptions(of: asked.map(\.0), arguments)
    for ((_, path), options) in zip(asked, options) { configuration[keyPath: path] = options }
  }

  private static func incidents(
    _ arguments: Arguments, serviceLabel: String, needsService: Bool
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
      guard !needsService || incidents[index].service?.isEmpty == false else {
        let which = incidents.count > 1 ? "incident \(index + 1) of \(incidents.count)" : "the incident"
        throw .usage("\(which) names no service: give --service")
      }
      compile(&incidents[index], serviceLabel)
    }
    return incidents
  }

  /// Fills in the rule's expression from its conditions, where they are a rule on traces.
  static func compile(_ incident: inout Incident, _ serviceLabel: String) {
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

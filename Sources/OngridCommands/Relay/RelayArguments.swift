import Compression
import HTTPServer
import OTLP
import Platform
import Relay
import Transport

/// From the command line and the environment to a configuration.
enum RelayArguments {
  /// What is said, with the file of `--config` below it; that file is read anew each time.
  static func withFile(_ arguments: Arguments) throws(CommandError) -> (Arguments, RelayConfigFile?) {
    guard let path = try arguments[RelayOptions.config] else { return (arguments, nil) }
    let file = try RelayConfigFile(path, for: arguments.command)
    return (arguments.above(file.options), file)
  }

  /// With what is hidden and what is sampled.
  static func complete(
    _ arguments: Arguments, file: RelayConfigFile?, _ log: Log
  ) throws(CommandError) -> RelayConfiguration {
    var configuration = try configuration(arguments, file: file)
    configuration.rewriter = try SamplingOptions.redactor(arguments)
    configuration.stage = try SamplingOptions.stage(arguments, configuration, log)
    return configuration
  }

  static func configuration(
    _ arguments: Arguments, file: RelayConfigFile? = nil
  ) throws(CommandError) -> RelayConfiguration {
    var configuration = RelayConfiguration()
    configuration.destinations = try destinations(arguments, file)
    configuration.listenGRPC = try arguments[RelayOptions.listenGRPC]
    configuration.listenHTTP = try arguments[RelayOptions.listenHTTP]
    configuration.listenAdmin = try arguments[RelayOptions.listenAdmin]
    configuration.limits.maxRequest = try arguments[RelayOptions.maxRequest]
    configuration.limits.maxConnections = try arguments[RelayOptions.maxConnections]
    configuration.queueDirectory = try arguments[RelayOptions.queueDir]
    configuration.resource = try resource(arguments)
    configuration.acknowledgement = try acknowledgement(arguments)
    configuration.metricNames = try arguments[RelayOptions.metricNames]
    configuration.tee = try arguments[RelayOptions.tee]
    configuration.corsOrigins = try arguments[RelayOptions.corsOrigin]
    configuration.listenTokenFile = try arguments[RelayOptions.listenTokenFile]
    configuration.listenTLS = try listenTLS(arguments)
    configuration.drainTimeout = try arguments[RelayOptions.drainTimeout]
    configuration.pipeline = try pipeline(arguments)
    return configuration
  }

  /// What is detected, and what is said, which wins.
  private static func resource(_ arguments: Arguments) throws(CommandError) -> [(name: String, value: String)] {
    let said = try arguments[RelayOptions.resource]
    let sources = try arguments[RelayOptions.resourceDetect]
    let names = Set(said.map(\.name))
    return ResourceDetection().attributes(sources).filter { !names.contains($0.name) } + said
  }

  private static func acknowledgement(_ arguments: Arguments) throws(CommandError) -> Acknowledgement {
    let isStored = arguments.isGiven(RelayOptions.queueDir)
    guard let given = try arguments[RelayOptions.ack] else { return isStored ? .stored : .accepted }
    if given == .stored, !isStored { throw .usage("--ack stored needs --queue-dir") }
    return given
  }

  private static func listenTLS(_ arguments: Arguments) throws(CommandError) -> ListenTLS? {
    let certificate = try arguments[RelayOptions.listenTLSCert]
    let clientCA = try arguments[RelayOptions.listenTLSClientCA]
    guard let certificate else {
      for option in [RelayOptions.listenTLSKey, RelayOptions.listenTLSClientCA] where arguments.isGiven(option) {
        throw .usage("--\(option.name) needs --listen-tls-cert")
      }
      return nil
    }
    // The key may be in the certificate's file.
    let key = try arguments[RelayOptions.listenTLSKey] ?? certificate
    return ListenTLS(certificate: certificate, key: key, clientCA: clientCA)
  }

  private static func pipeline(_ arguments: Arguments) throws(CommandError) -> PipelineSettings {
    var settings = PipelineSettings()
    settings.batchItems = try arguments[RelayOptions.batchSpans]
    settings.batchBytes = try arguments[RelayOptions.batchBytes]
    settings.batchTimeout = try arguments[RelayOptions.batchTimeout]
    settings.queueMax = try arguments[RelayOptions.queueMax]
    settings.senders = try arguments[RelayOptions.inFlight]
    settings.retry.initial = try arguments[RelayOptions.retryInitial]
    settings.retry.maximum = try arguments[RelayOptions.retryMax]
    if let limit = try arguments[RelayOptions.retryFor] {
      settings.retry.giveUpAfter = limit == .zero ? nil : limit
    } else if try arguments[RelayOptions.ack] == .delivered {
      settings.retry.giveUpAfter = .seconds(10)
    } else if arguments.isGiven(RelayOptions.queueDir) {
      settings.retry.giveUpAfter = nil
    }
    return settings
  }

  /// Whether a text can name a destination.
  static func isName(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text != "file"
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }

  /// The parts of `NAME=URL`.
  private static func named(_ text: String) -> (name: String?, url: String) {
    guard let equals = text.firstIndex(of: "="), isName(text[..<equals]) else { return (nil, text) }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }

  private static func settings(
    _ place: (name: String?, url: String), _ signal: OTLPSignal, _ arguments: Arguments
  ) throws(CommandError) -> RelayConfiguration.DestinationSettings {
    let environment = ExporterEnvironment(signal, arguments.environment)
    var client = try arguments.httpOptions()
    try environment.apply(to: &client, arguments)
    var settings = RelayConfiguration.DestinationSettings(
      url: place.url, signal: signal, options: client, compression: try compression(arguments, environment))
    settings.name = place.name
    return settings
  }

  private static func destinations(
    _ arguments: Arguments, _ file: RelayConfigFile?
  ) throws(CommandError) -> [RelayConfiguration.DestinationSettings] {
    let options: [(OTLPSignal, Option<[String]>)] = [
      (.traces, RelayOptions.to), (.metrics, RelayOptions.toMetrics), (.logs, RelayOptions.toLogs),
    ]
    var destinations: [RelayConfiguration.DestinationSettings] = []
    var receivers: [SharedCredentials.Receiver] = []
    for (signal, option) in options {
      let environment = ExporterEnvironment(signal, arguments.environment)
      if !arguments.isGiven(option), let listed = file?.destinations.filter({ $0.signal == signal }), !listed.isEmpty {
        for entry in listed {
          let own = arguments.below(entry.settings)
          var settings = try settings((entry.name, entry.url), signal, own)
          settings.pipeline = try pipeline(own)
          destinations.append(settings)
          receivers += receiver(settings, own: entry.settings)
        }
        continue
      }
      let urls =
        arguments.isGiven(option)
        ? try arguments[option]
        : signal == .traces || environment.hasOwnEndpoint ? [try environment.endpoint()].compactMap(\.self) : []
      for url in urls {
        var settings = try settings(named(url), signal, arguments)
        settings.urlIsComplete = !arguments.isGiven(option) && environment.endpointIsComplete
        destinations.append(settings)
        receivers += receiver(settings, own: [:])
      }
    }
    if destinations.isEmpty { throw arguments.missing(RelayOptions.to.definition) }
    try SharedCredentials.check(
      receivers, kinds: [[.header], [.bearerTokenFile, .basicAuthFile]], arguments)
    return destinations
  }

  /// The server of a destination, if it is one. A URL that cannot be read is refused where it is used.
  private static func receiver(
    _ settings: RelayConfiguration.DestinationSettings, own: [String: [Occurrence]]
  ) -> [SharedCredentials.Receiver] {
    guard let url = try? HTTPURL(settings.url, schemes: ["http", "https", "grpc", "grpcs"]) else { return [] }
    return [
      SharedCredentials.Receiver(
        url: url,
        hasOwn: { kind in kind.contains { own[ClientOptions.credentials.definition(of: $0).name] != nil } },
        advice: { "a \($0) to each destination in the file of --config" })
    ]
  }

  /// The option wins over the exporters' variable of one signal, which wins over that of all.
  private static func compression(
    _ arguments: Arguments, _ environment: ExporterEnvironment
  ) throws(CommandError) -> ContentEncoding {
    guard !arguments.isGiven(RelayOptions.compression), let text = environment.value("COMPRESSION") else {
      return try arguments[RelayOptions.compression].encoding
    }
    guard let method = CompressionMethod(rawValue: text) else {
      throw arguments.invalid(RelayOptions.compression, text, expected: "none, gzip or zstd")
    }
    return method.encoding
  }
}

/// The words of `--compression`.
enum CompressionMethod: String, CaseIterable {
  case none, gzip, zstd

  var encoding: ContentEncoding {
    switch self {
    case .none: .identity
    case .gzip: .gzip
    case .zstd: .zstd
    }
  }
}

extension OptionType<[ResourceDetection.Source]> {
  /// Sources with commas between them.
  static var detections: Self {
    let words = ResourceDetection.Source.allCases.map(\.rawValue).joined(separator: ", ")
    return Self("some of \(words), separated by commas") { text in
      let sources = text.split(separator: ",").map { ResourceDetection.Source(rawValue: String($0)) }
      return sources.contains(nil) || sources.isEmpty ? nil : sources.compactMap(\.self)
    }
  }
}

extension OptionType<ListenAddress?> {
  /// Where to listen, nil for `none`.
  static var listenAddress: Self {
    Self("an address") { (text, _) throws(Refusal) in
      if text == "none" { return nil }
      do throws(ListenError) { return try ListenAddress(text) } catch { throw Refusal(reason: error.description) }
    }
  }
}

import Compression
import HTTPServer
import OTLP
import Platform
import Relay

/// From the command line and the environment to a configuration.
enum RelayArguments {
  static func configuration(_ arguments: Arguments) throws(CommandError) -> RelayConfiguration {
    var configuration = RelayConfiguration()
    configuration.destinations = try destinations(arguments)
    configuration.listenGRPC = try arguments[RelayOptions.listenGRPC]
    configuration.listenHTTP = try arguments[RelayOptions.listenHTTP]
    configuration.listenAdmin = try arguments[RelayOptions.listenAdmin]
    configuration.limits.maxRequest = try arguments[RelayOptions.maxRequest]
    configuration.limits.maxConnections = try arguments[RelayOptions.maxConnections]
    configuration.queueDirectory = try arguments[RelayOptions.queueDir]
    configuration.resource = try resource(arguments)
    configuration.acknowledgement = try acknowledgement(arguments)
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

  private static func destinations(
    _ arguments: Arguments
  ) throws(CommandError) -> [RelayConfiguration.DestinationSettings] {
    let options: [(OTLPSignal, Option<[String]>)] = [
      (.traces, RelayOptions.to), (.metrics, RelayOptions.toMetrics), (.logs, RelayOptions.toLogs),
    ]
    var destinations: [RelayConfiguration.DestinationSettings] = []
    for (signal, option) in options {
      let environment = ExporterEnvironment(signal, arguments.environment)
      let urls =
        arguments.isGiven(option)
        ? try arguments[option]
        : signal == .traces || environment.hasOwnEndpoint ? [try environment.endpoint()].compactMap(\.self) : []
      guard !urls.isEmpty else { continue }
      var client = try arguments.httpOptions()
      try environment.apply(to: &client, arguments)
      let compression = try compression(arguments, environment)
      for url in urls {
        var settings = RelayConfiguration.DestinationSettings(
          url: url, signal: signal, options: client, compression: compression)
        settings.urlIsComplete = !arguments.isGiven(option) && environment.endpointIsComplete
        destinations.append(settings)
      }
    }
    if destinations.isEmpty { throw arguments.missing(RelayOptions.to.definition) }
    return destinations
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

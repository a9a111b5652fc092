import Compression
import OTLP
import Platform
import Relay

/// From the command line and the environment to a configuration.
enum RelayArguments {
  static func configuration(_ arguments: Arguments) throws(CommandError) -> RelayConfiguration {
    var configuration = RelayConfiguration()
    configuration.destinations = try destinations(arguments)
    configuration.listenGRPC = try address(arguments, RelayOptions.listenGRPC)
    configuration.listenHTTP = try address(arguments, RelayOptions.listenHTTP)
    configuration.listenAdmin = try address(arguments, RelayOptions.listenAdmin)
    configuration.limits.maxRequest = try arguments.size(RelayOptions.maxRequest, in: 1024...(1 << 30))
    configuration.queueDirectory = arguments.stringIfGiven(RelayOptions.queueDir)
    configuration.resource = try arguments.pairs(RelayOptions.resource)
    configuration.tee = arguments.stringIfGiven(RelayOptions.tee)
    configuration.corsOrigins = arguments.strings(RelayOptions.corsOrigin)
    configuration.listenTokenFile = arguments.stringIfGiven(RelayOptions.listenTokenFile)
    configuration.listenTLS = try listenTLS(arguments)
    configuration.drainTimeout = Double(try arguments.duration(RelayOptions.drainTimeout)) / 1e9
    configuration.pipeline = try pipeline(arguments)
    return configuration
  }

  private static func listenTLS(_ arguments: Arguments) throws(CommandError) -> ListenTLS? {
    let certificate = arguments.stringIfGiven(RelayOptions.listenTLSCert)
    let clientCA = arguments.stringIfGiven(RelayOptions.listenTLSClientCA)
    guard let certificate else {
      for option in [RelayOptions.listenTLSKey, RelayOptions.listenTLSClientCA] where arguments.isGiven(option) {
        throw .usage("--\(option.name) needs --listen-tls-cert")
      }
      return nil
    }
    // The key may be in the certificate's file.
    let key = arguments.stringIfGiven(RelayOptions.listenTLSKey) ?? certificate
    return ListenTLS(certificate: certificate, key: key, clientCA: clientCA)
  }

  private static func pipeline(_ arguments: Arguments) throws(CommandError) -> PipelineSettings {
    var settings = PipelineSettings()
    settings.batchItems = try arguments.int(RelayOptions.batchSpans, in: 1...10_000_000)
    settings.batchBytes = try arguments.size(RelayOptions.batchBytes, in: 1024...(1 << 30))
    settings.batchTimeout = .nanoseconds(try arguments.duration(RelayOptions.batchTimeout))
    settings.queueMax = try arguments.size(RelayOptions.queueMax, in: 65536...(1 << 50))
    settings.senders = try arguments.int(RelayOptions.inFlight, in: 1...64)
    settings.retry.initial = .nanoseconds(try arguments.duration(RelayOptions.retryInitial))
    settings.retry.maximum = .nanoseconds(try arguments.duration(RelayOptions.retryMax))
    if let limit = try arguments.durationIfGiven(RelayOptions.retryFor) {
      settings.retry.giveUpAfter = limit == 0 ? nil : .nanoseconds(limit)
    } else if arguments.isGiven(RelayOptions.queueDir) {
      settings.retry.giveUpAfter = nil
    }
    return settings
  }

  private static func address(_ arguments: Arguments, _ option: Option) throws(CommandError) -> ListenAddress? {
    let text = try arguments.string(option)
    if text == "none" { return nil }
    do throws(RelayError) { return try ListenAddress(text) } catch {
      throw .usage("--\(option.name): \(error)")
    }
  }

  private static func destinations(
    _ arguments: Arguments
  ) throws(CommandError) -> [RelayConfiguration.DestinationSettings] {
    let options: [(OTLPSignal, Option)] = [
      (.traces, RelayOptions.to), (.metrics, RelayOptions.toMetrics), (.logs, RelayOptions.toLogs),
    ]
    var destinations: [RelayConfiguration.DestinationSettings] = []
    for (signal, option) in options {
      let environment = ExporterEnvironment(signal, arguments.environment)
      let urls =
        arguments.isGiven(option)
        ? arguments.strings(option)
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
    if destinations.isEmpty { throw arguments.missing(RelayOptions.to) }
    return destinations
  }

  private static func compression(
    _ arguments: Arguments, _ environment: ExporterEnvironment
  ) throws(CommandError) -> ContentEncoding {
    var text = try arguments.string(RelayOptions.compression)
    if !arguments.isGiven(RelayOptions.compression), let value = environment.value("COMPRESSION") { text = value }
    switch text {
    case "none": return .identity
    case "gzip": return .gzip
    case "zstd": return .zstd
    default: throw arguments.invalid(RelayOptions.compression, text, expected: "none, gzip or zstd")
    }
  }
}

import Backends
import Compression
import Platform
import Synchronization

/// A running relay: receivers, queues and senders.
///
/// Made, started and stopped by one thread.
public final class RelayService {
  private let configuration: RelayConfiguration
  private let log: Log
  private let counters = ReceiverCounters()
  private let pipeline: Pipeline
  private let server: Server
  private let status = ServiceStatus()
  private var senders: [ThreadHandle] = []

  /// Opens the destinations and the listening sockets; nothing is received yet.
  public init(_ configuration: RelayConfiguration, log: Log) throws(RelayError) {
    self.configuration = configuration
    self.log = log
    if configuration.destinations.isEmpty { throw .badSetting("there is no destination") }
    pipeline = try RelayService.pipeline(configuration, log)
    let receiver = Receiver(
      limits: configuration.limits, intake: pipeline, counters: counters,
      splitter: RequestSplitter(
        maxItems: configuration.pipeline.batchItems, maxBytes: configuration.pipeline.batchBytes),
      resource: configuration.resource.isEmpty ? nil : ResourceSplice(configuration.resource))
    let tokens: TokenFile?
    if let path = configuration.listenTokenFile { tokens = try TokenFile(path) } else { tokens = nil }
    let page = AdminPages(receivers: counters, destinations: pipeline.destinations, status: status)
    let context = ServerContext(
      limits: configuration.limits,
      router: Router(
        signals: Set(configuration.destinations.map(\.signal)), corsOrigins: configuration.corsOrigins, tokens: tokens),
      receiver: receiver, counters: counters, admin: { page.answer($0) })
    server = try Server(context, listeners: RelayService.listeners(configuration))
  }

  /// Where telemetry is received, with the ports that the kernel chose, and last the admin address if there is one.
  public var addresses: [ListenAddress] { server.addresses }

  /// Begins to receive and to send.
  public func start() throws(RelayError) {
    for destination in pipeline.destinations { senders += try destination.start() }
    try server.start()
    status.set(.ready)
    for exposed in configuration.exposedAddresses {
      log.warn("\(exposed) can be reached from other hosts, and neither TLS nor a token keeps anybody out")
    }
  }

  /// Stops receiving, delivers what was accepted for as long as the configuration allows, and reports.
  public func stop() -> RelayReport {
    status.set(.stopping)
    server.stop(drainingFor: min(configuration.drainTimeout, 5))
    for destination in pipeline.destinations { destination.queue.drain() }
    let deadline = monotonicNanoseconds() + Int64(configuration.drainTimeout * 1e9)
    let destinations = pipeline.destinations
    status.whileDraining(until: deadline) { destinations.allSatisfy(\.queue.isDrained) }
    return end()
  }

  /// Ends a `stop` that waits for destinations; from any thread.
  public var aborter: @Sendable () -> Void {
    let status = status
    return { status.set(.aborted) }
  }

  private func end() -> RelayReport {
    var left: [Int] = []
    for destination in pipeline.destinations { left.append(destination.abort()) }
    for thread in senders { thread.join() }
    senders = []
    return report(left)
  }

  private func report(_ left: [Int]) -> RelayReport {
    let isDurable = configuration.queueDirectory != nil
    let accepted = OTLPSignal.allCases.map { ($0, counters.acceptedItems($0)) }.filter { $0.1 > 0 }
    let lines = zip(pipeline.destinations, left).map { destination, left in
      let counters = destination.counters
      return RelayReport.Line(
        signal: destination.signal, destination: destination.target.name, sent: counters.sentItems.value,
        rejected: counters.rejectedItems.value, retries: counters.retries.value,
        deadLettered: counters.deadLetterItems.value,
        lost: counters.lostItems.value + counters.overflowItems.value + (isDurable ? 0 : left),
        waiting: isDurable ? left : 0)
    }
    return RelayReport(accepted: accepted, refusedRequests: counters.refusedRequests, lines: lines)
  }

  private static func pipeline(_ configuration: RelayConfiguration, _ log: Log) throws(RelayError) -> Pipeline {
    var settings = configuration.destinations
    if let tee = configuration.tee {
      settings.append(RelayConfiguration.DestinationSettings(url: tee == "-" ? "-" : "file:\(tee)"))
    }
    var destinations: [Destination] = []
    for entry in settings {
      let target: any Target
      if entry.url == "-" || entry.url.hasPrefix("file:") {
        target = try FileTarget(path: entry.url == "-" ? "-" : String(entry.url.dropFirst(5)), signal: entry.signal)
      } else {
        target = try RemoteTarget(
          url: entry.url, signal: entry.signal, options: entry.options, encoding: entry.compression)
      }
      destinations.append(
        Destination(target, signal: entry.signal, settings: configuration.pipeline, storage: nil, log: log))
    }
    return Pipeline(destinations, passesGzip: configuration.resource.isEmpty)
  }

  private static func listeners(_ configuration: RelayConfiguration) throws(RelayError) -> [Listener] {
    var listeners: [Listener] = []
    if configuration.inheritedSockets.isEmpty {
      if let address = configuration.listenGRPC { listeners.append(Listener(try ListeningSocket(address))) }
      if let address = configuration.listenHTTP { listeners.append(Listener(try ListeningSocket(address))) }
    } else {
      for raw in configuration.inheritedSockets { listeners.append(Listener(ListeningSocket(adopting: raw))) }
    }
    if let address = configuration.listenAdmin {
      listeners.append(Listener(try ListeningSocket(address), isAdmin: true))
    }
    return listeners
  }
}

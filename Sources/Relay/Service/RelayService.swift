import Compression
import Platform
import Synchronization
import Transport

/// A running relay: receivers, queues and senders.
///
/// Made, started and stopped by one thread.
public final class RelayService {
  private let configuration: RelayConfiguration
  private let log: Log
  private let counters = ReceiverCounters()
  private let pipeline: Pipeline
  private let durable: DurableQueue?
  private let server: Server
  private let status = ServiceStatus()
  private var senders: [ThreadHandle] = []

  /// Opens the destinations and the listening sockets; nothing is received yet.
  public init(_ configuration: RelayConfiguration, log: Log) throws(RelayError) {
    self.configuration = configuration
    self.log = log
    if configuration.destinations.isEmpty { throw .badSetting("there is no destination") }
    let destinations = try Destination.all(configuration, pipeline: configuration.pipeline, log: log)
    if let directory = configuration.queueDirectory {
      durable = try DurableQueue(directory: directory, deadLetterLimit: configuration.pipeline.queueMax, log: log)
    } else {
      durable = nil
    }
    pipeline = Pipeline(destinations, passesGzip: configuration.resource.isEmpty, storage: durable)
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

  /// Where telemetry is received, with the ports that the kernel chose.
  public var receivers: [ListenAddress] { server.addresses(ofAdmin: false) }

  /// Where the admin pages are, if anywhere.
  public var admin: ListenAddress? { server.addresses(ofAdmin: true).first }

  /// Begins to receive and to send.
  public func start() throws(RelayError) {
    for destination in pipeline.destinations {
      destination.queue.whenUncrowded { [weak pipeline] in pipeline?.unpark() }
    }
    if let durable {
      durable.pipeline = pipeline
      try durable.start(pipeline.destinations, log: log)
      for destination in pipeline.destinations { destination.use(durable.storage(for: destination)) }
    }
    for destination in pipeline.destinations { senders += try destination.start() }
    try server.start()
    status.set(.ready)
    for exposed in configuration.exposedAddresses {
      log.warn("\(exposed) can be reached from other hosts, and no token or client certificate keeps anybody out")
    }
  }

  /// Opens the files that it writes to anew, as after they have been renamed. Certificates, keys and tokens are read again
  /// by themselves.
  public func reload() {
    for destination in pipeline.destinations {
      do throws(SystemError) { try destination.target.reopen() } catch {
        log.warn("\(destination.target.name) stays as it was opened before: \(error.description)")
      }
    }
  }

  /// Whether every event loop has come round within the last ten seconds; from any thread.
  public var aliveness: @Sendable () -> Bool {
    let server = server
    return { server.isAlive(within: 10_000_000_000) }
  }

  /// Stops receiving, delivers what was accepted for as long as the configuration allows, and reports.
  public func stop() -> RelayReport {
    status.set(.stopping)
    server.stop(drainingFor: min(configuration.drainTimeout, .seconds(5)).inSeconds)
    for destination in pipeline.destinations { destination.queue.drain() }
    let deadline = monotonicDeadline(after: configuration.drainTimeout)
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
    durable?.stop()
    return RelayReport(
      pipeline.destinations, receivers: counters, left: left, isDurable: configuration.queueDirectory != nil)
  }

  private static func listeners(_ configuration: RelayConfiguration) throws(RelayError) -> [Listener] {
    var listeners: [Listener] = []
    let tls = try configuration.listenTLS?.open()
    let (admin, telemetry) = configuration.inheritedSockets.partitioned { $0.name == "admin" }
    for socket in telemetry { listeners.append(Listener(try ListeningSocket(adopting: socket), tls: tls)) }
    if telemetry.isEmpty {
      for address in [configuration.listenGRPC, configuration.listenHTTP] {
        if let address { listeners.append(Listener(try ListeningSocket(address), tls: tls)) }
      }
    }
    for socket in admin { listeners.append(Listener(try ListeningSocket(adopting: socket), isAdmin: true)) }
    if admin.isEmpty, let address = configuration.listenAdmin {
      listeners.append(Listener(try ListeningSocket(address), isAdmin: true))
    }
    return listeners
  }
}

extension Array {
  /// The elements that `isFirst` picks, and the others.
  fileprivate func partitioned(_ isFirst: (Element) -> Bool) -> (first: [Element], second: [Element]) {
    (filter(isFirst), filter { !isFirst($0) })
  }
}

import Compression
import HTTPServer
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
  private let telemetry: HTTPService
  private let adminPages: HTTPService
  private let server: Server
  private let status = ServiceStatus()
  private var senders: [ThreadHandle] = []
  private var judge: StageThread?

  /// Opens the destinations and the listening sockets; nothing is received yet.
  public init(_ configuration: RelayConfiguration, log: Log) throws(RelayError) {
    self.configuration = configuration
    self.log = log
    if configuration.destinations.isEmpty { throw .badSetting("there is no destination") }
    try configuration.checkStage()
    let destinations = try Destination.all(configuration, pipeline: configuration.pipeline, log: log)
    if let directory = configuration.queueDirectory {
      durable = try DurableQueue(directory: directory, settings: configuration.pipeline, log: log)
    } else {
      durable = nil
    }
    pipeline = Pipeline(
      destinations, passesGzip: configuration.resource.isEmpty, storage: durable,
      acknowledgement: configuration.acknowledgement, stage: configuration.stage)
    let receiver = Receiver(
      maxRequest: configuration.limits.maxRequest, intake: pipeline, counters: counters,
      splitter: RequestSplitter(
        maxItems: configuration.pipeline.batchItems, maxBytes: configuration.pipeline.batchBytes),
      resource: configuration.resource.isEmpty ? nil : ResourceSplice(configuration.resource),
      rewriter: configuration.rewriter)
    let tokens: TokenFile?
    if let path = configuration.listenTokenFile { tokens = try TokenFile(path) } else { tokens = nil }
    let refusals = RateLimitedLog(log)
    let router = Router(
      signals: Set(configuration.destinations.map(\.signal)), corsOrigins: configuration.corsOrigins, tokens: tokens,
      onUnclaimed: { signal in
        refusals.warn("\(signal) are refused: no \(signal.option) says where they go", kind: signal.option)
      })
    let health = HealthCheck(router.signals) { [status] in status.phase == .ready }
    do throws(ListenError) {
      let listeners = try RelayListeners(configuration)
      let onCrowd = { @Sendable (reason: String) in refusals.warn(reason, kind: "crowd") }
      telemetry = HTTPService(listeners.telemetry, limits: configuration.limits, onCrowd: onCrowd) {
        ReceiverHandler(receiver, router, health)
      }
      let pages = AdminPages(
        receivers: counters, telemetry: telemetry, destinations: pipeline.destinations, queue: durable,
        stage: configuration.stage, rewriter: configuration.rewriter, status: status, names: configuration.metricNames)
      var adminLimits = HTTPLimits()
      adminLimits.maxConnections = 128
      adminPages = HTTPService(listeners.admin, limits: adminLimits) { PageHandler { pages.answer($0) } }
      server = try Server([telemetry, adminPages])
    } catch {
      throw .listening(error)
    }
  }

  /// Where telemetry is received, with the ports that the kernel chose.
  public var receivers: [ListenAddress] { telemetry.addresses }

  /// Where the admin pages are, if anywhere.
  public var admin: ListenAddress? { adminPages.addresses.first }

  /// Begins to receive and to send.
  public func start() throws(RelayError) {
    for destination in pipeline.destinations {
      destination.queue.whenUncrowded { [weak pipeline] in pipeline?.unpark() }
    }
    if let durable {
      durable.pipeline = pipeline
      try durable.start(pipeline.destinations)
      for destination in pipeline.destinations { destination.use(durable.storage(for: destination)) }
    }
    for destination in pipeline.destinations { senders += try destination.start() }
    if configuration.stage != nil, durable == nil {
      judge = try StageThread { [weak pipeline] now in pipeline?.judge(now: now) }
    }
    do throws(ListenError) { try server.start() } catch { throw .listening(error) }
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
    return { server.isAlive(within: .seconds(10)) }
  }

  /// The listening sockets once more, for a service that takes over: they go on listening when this one has stopped.
  public func duplicateSockets() throws(RelayError) -> [InheritedSocket] {
    do throws(ListenError) {
      return try telemetry.duplicateSockets().map { InheritedSocket(descriptor: $0, name: "") }
        + adminPages.duplicateSockets().map { InheritedSocket(descriptor: $0, name: "admin") }
    } catch {
      throw .listening(error)
    }
  }

  /// Stops receiving, delivers what was accepted for as long as `limit` or else the configuration allows, and reports.
  public func stop(within limit: Duration? = nil) -> RelayReport {
    status.set(.stopping)
    // One time for all of it: a service manager that has lost patience kills.
    let limit = limit ?? configuration.drainTimeout
    let deadline = monotonicDeadline(after: limit)
    server.stop(drainingFor: min(limit, .seconds(5)))
    if let judge {
      // Nothing would be left of what memory holds.
      judge.stop()
      self.judge = nil
      pipeline.judge(now: monotonicNanoseconds(), all: true)
    }
    for destination in pipeline.destinations { destination.queue.drain() }
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
    for destination in pipeline.destinations { destination.abort() }
    for thread in senders { thread.join() }
    senders = []
    durable?.stop()
    return RelayReport(
      pipeline.destinations, receivers: counters, queue: durable, stage: configuration.stage)
  }
}

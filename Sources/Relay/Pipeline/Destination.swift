import OTLP
import Platform
import Transport

/// One destination of one signal: its queue, and the threads that empty it.
final class Destination: Sendable {
  let target: any Target
  let signal: OTLPSignal
  /// What the user calls it.
  private let givenName: String?
  /// Whether it gets a copy of everything, whatever a stage says.
  let isCopy: Bool
  let queue: DestinationQueue
  let counters = DestinationCounters()
  let settings: PipelineSettings
  /// Where undelivered batches are kept; set before `start`, if at all.
  private let storageSlot = Monitor<(any DestinationStorage)?>(nil)
  private let log: RateLimitedLog
  private let cancellations = Monitor<[HTTPCancellation]>([])

  init(
    _ target: any Target, signal: OTLPSignal, name: String? = nil, isCopy: Bool = false, settings: PipelineSettings,
    log: Log
  ) {
    self.isCopy = isCopy
    givenName = name
    self.target = target
    self.signal = signal
    self.settings = settings
    self.log = RateLimitedLog(log)
    queue = DestinationQueue(settings)
  }

  /// How the durable queue knows it again after a restart.
  var identity: String { "\(signal.rawValue) \(givenName.map { "name=\($0)" } ?? target.identity)" }

  var storage: (any DestinationStorage)? { storageSlot.withLock { $0 } }

  /// Before `start`: lets the durable queue keep what is not delivered.
  func use(_ storage: any DestinationStorage) { storageSlot.withLock { $0 = storage } }

  /// Starts the sender threads. An exporter that cannot be made is an error here rather than later.
  func start() throws(RelayError) -> [ThreadHandle] {
    var threads: [ThreadHandle] = []
    for _ in 0..<max(settings.senders, 1) {
      let cancellation = HTTPCancellation()
      cancellations.withLock { $0.append(cancellation) }
      let box = ExporterBox(try target.makeExporter(cancellation: cancellation))
      do throws(SystemError) {
        threads.append(try ThreadHandle { self.send(with: box.exporter) })
      } catch {
        throw .system(error)
      }
    }
    return threads
  }

  /// Carries an exporter to the one thread that uses it.
  ///
  /// `@unchecked Sendable`: made by the thread that starts the sender, then used by the sender alone.
  private final class ExporterBox: @unchecked Sendable {
    let exporter: any Exporter
    init(_ exporter: any Exporter) { self.exporter = exporter }
  }

  /// Stops at once: what is being sent is given up.
  func abort() {
    queue.close()
    for cancellation in cancellations.withLock({ $0 }) { cancellation.cancel() }
  }

  private func send(with exporter: any Exporter) {
    var sender = BatchSender(self, exporter)
    sender.run()
  }

  /// Counts a request that has arrived; `rejected` of its items will not be kept there.
  func note(delivered body: OutgoingBody, rejected: Int, message: String?) {
    counters.sentItems.add(body.items - rejected)
    counters.sentRequests.add(1)
    counters.sentBytes.add(body.count)
    counters.rejectedItems.add(rejected)
    if rejected > 0 || message != nil {
      log.warn(
        "\(target.name) took \(signal.items(body.items)) and rejected \(rejected): \(message ?? "no reason given")",
        kind: "partial")
    }
  }

  /// Says that clients are slowed down, each reply being held back for up to `delay`.
  func noteCrowded(_ delay: Duration) {
    log.warn(
      "the queue for \(target.name) is nearly full: replies are held back for up to \(delay.milliseconds) ms",
      kind: "crowded")
  }

  /// Counts a request that is about to be sent again.
  func noteRetry(reason: String) {
    log.warn("\(target.name): \(reason); trying again", kind: "retry")
    counters.retries.add(1)
  }

  /// These cannot be delivered: they go to the dead-letter directory, or are lost. `false` when they must stay in the
  /// queue, because they could not be written.
  func bury(_ payloads: [Payload], reason: String) -> Bool {
    let items = payloads.reduce(0) { $0 + $1.items }
    let what = "\(signal.items(items)) could not be delivered to \(target.name)"
    guard let storage else {
      log.error("\(what): \(reason)", kind: "refused")
      counters.lostItems.add(items)
      return true
    }
    guard let file = storage.bury(payloads, reason: reason) else {
      log.error("\(what) and stay in the queue: \(reason)", kind: "refused")
      return false
    }
    log.error("\(what) and are kept in \(file): \(reason)", kind: "refused")
    counters.deadLetterItems.add(items)
    return true
  }

  /// The destinations that a configuration asks for.
  static func all(
    _ configuration: RelayConfiguration, pipeline: PipelineSettings, log: Log
  ) throws(RelayError) -> [Destination] {
    var files: [String: FileTarget] = [:]
    func file(_ path: String) throws(RelayError) -> FileTarget {
      if let open = files[path] { return open }
      let target = try FileTarget(
        path: path, synchronizes: configuration.queueDirectory != nil, onBrokenPipe: configuration.onBrokenOutput)
      if target.removedBytes > 0 {
        log.warn(
          "\(target.name) ended in part of a batch, left by a crash; its \(target.removedBytes) bytes were cut off")
      }
      if let offset = target.damage {
        log.warn("\(target.name) is damaged at byte \(offset): readers stop there, before what is appended now")
      }
      files[path] = target
      return target
    }
    var destinations: [Destination] = []
    for entry in configuration.destinations {
      let target: any Target
      if entry.url == "-" || entry.url.hasPrefix("file:") {
        target = try file(entry.url == "-" ? "-" : String(entry.url.dropFirst(5)))
      } else {
        target = try RemoteTarget(
          url: entry.url, isComplete: entry.urlIsComplete, signal: entry.signal, options: entry.options,
          encoding: entry.compression)
      }
      destinations.append(
        Destination(
          target, signal: entry.signal, name: entry.name, settings: entry.pipeline ?? pipeline, log: log))
    }
    if let tee = configuration.tee {
      let target = try file(tee)
      let signals = Set(configuration.destinations.map(\.signal))
      for signal in OTLPSignal.allCases where signals.contains(signal) && (signal == .traces || target.isJSON) {
        destinations.append(Destination(target, signal: signal, isCopy: true, settings: pipeline, log: log))
      }
    }
    return destinations
  }
}

/// What a durable queue does for one of its destinations.
protocol DestinationStorage: Sendable {
  /// Reads the requests of an entry back. Where there are fewer than it counts, the storage has said so and counted them.
  func load(_ entry: QueueEntry) -> [Payload]
  /// The destination is done with these entries.
  func delivered(_ entries: [QueueEntry])
  /// The relay ends while only these requests of an entry are not done with.
  func keep(_ payloads: [Payload], of entry: QueueEntry)
  /// Keeps what the destination refused; the name of the file, or `nil` when it cannot be written.
  func bury(_ payloads: [Payload], reason: String) -> String?
}

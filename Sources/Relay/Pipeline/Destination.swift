import Backends
import Platform
import Synchronization

/// One destination of one signal: its queue, and the threads that empty it.
final class Destination: Sendable {
  let target: any Target
  let signal: OTLPSignal
  let queue: DestinationQueue
  let counters = DestinationCounters()
  private let settings: PipelineSettings
  /// Where undelivered batches are kept; set before `start`, if at all.
  private let storageSlot = Mutex<(any DestinationStorage)?>(nil)
  private let log: RateLimitedLog
  private let cancellations = Mutex<[HTTPCancellation]>([])

  init(
    _ target: any Target, signal: OTLPSignal, settings: PipelineSettings, log: Log
  ) {
    self.target = target
    self.signal = signal
    self.settings = settings
    self.log = RateLimitedLog(log)
    queue = DestinationQueue(settings)
  }

  /// How the durable queue knows it again after a restart.
  var identity: String { "\(signal.rawValue) \(target.identity)" }

  private var storage: (any DestinationStorage)? { storageSlot.withLock { $0 } }

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

  /// Stops at once: what is being sent is given up. Returns how many waiting items are left behind.
  func abort() -> Int {
    let left = queue.close()
    for cancellation in cancellations.withLock({ $0 }) { cancellation.cancel() }
    return left
  }

  private func send(with exporter: any Exporter) {
    var encoder = BodyEncoder(target.encoding)
    while let batch = queue.next() {
      let isDelivered = deliver(batch, with: exporter, &encoder)
      for entry in batch { entry.tracker?.finish(items: entry.items, isDelivered: isDelivered) }
      queue.finish(batch)
    }
  }

  /// Sends a batch until that succeeds or cannot; whether the destination has it.
  private func deliver(_ batch: [QueueEntry], with exporter: any Exporter, _ encoder: inout BodyEncoder) -> Bool {
    var payloads: [Payload] = []
    // Rows that cannot be read have been reported by the storage and stay where they are.
    let readable = batch.filter { entry in
      guard let payload = entry.payload ?? entry.row.flatMap({ storage?.load($0) }) else { return false }
      payloads.append(payload)
      return true
    }
    if readable.isEmpty { return false }
    return deliver(readable, payloads, with: exporter, &encoder) && readable.count == batch.count
  }

  private func deliver(
    _ batch: [QueueEntry], _ payloads: [Payload], with exporter: any Exporter, _ encoder: inout BodyEncoder
  ) -> Bool {
    let items = batch.reduce(0) { $0 + $1.items }
    let body: OutgoingBody
    do {
      body = try encoder.encode(payloads)
    } catch {
      return bury(batch, payloads, items, reason: "\(error)")
    }
    counters.batchItems.record(Double(items))
    let began = monotonicNanoseconds()
    var attempt = 1
    while true {
      let start = monotonicNanoseconds()
      let outcome = exporter.export(body, signal: signal)
      counters.attempt.record(Double(monotonicNanoseconds() - start) / 1e9)
      switch outcome {
      case .delivered(let rejected, let message):
        counters.sentItems.add(items - min(rejected, items))
        counters.sentRequests.add(1)
        counters.sentBytes.add(body.count)
        counters.rejectedItems.add(min(rejected, items))
        if rejected > 0 || message != nil {
          log.warn(
            "\(target.name) took \(signal.items(items)) and rejected \(rejected): \(message ?? "no reason given")",
            kind: "partial")
        }
        if let oldest = batch.first {
          counters.delivery.record(Double(monotonicNanoseconds() - oldest.accepted) / 1e9)
        }
        storage?.delivered(batch)
        return true
      case .refused(let reason):
        return bury(batch, payloads, items, reason: reason)
      case .cancelled: return abandon(items)
      case .failed(let reason, let retryAfter):
        let elapsed = Duration.nanoseconds(monotonicNanoseconds() - began)
        guard let wait = settings.retry.delay(afterAttempt: attempt, elapsed: elapsed, requested: retryAfter) else {
          return bury(batch, payloads, items, reason: "\(reason); tried \(attempt) times")
        }
        log.warn("\(target.name): \(reason); trying again", kind: "retry")
        counters.retries.add(1)
        attempt += 1
        if queue.waitForClose(nanoseconds: wait.nanoseconds) { return abandon(items) }
      }
    }
  }

  /// The relay stops with the batch undelivered: on disk it waits for the next start.
  private func abandon(_ items: Int) -> Bool {
    if storage == nil { counters.lostItems.add(items) }
    return false
  }

  /// The batch cannot be delivered: it goes to the dead-letter directory, or is lost.
  private func bury(_ batch: [QueueEntry], _ payloads: [Payload], _ items: Int, reason: String) -> Bool {
    if let storage, let file = storage.bury(payloads, destination: target.name) {
      log.error(
        "\(signal.items(items)) could not be delivered to \(target.name) and are kept in \(file): \(reason)",
        kind: "refused")
      counters.deadLetterItems.add(items)
      storage.delivered(batch)
    } else if storage != nil {
      log.error(
        "\(signal.items(items)) could not be delivered to \(target.name) and stay in the queue: \(reason)",
        kind: "refused")
    } else {
      log.error("\(signal.items(items)) could not be delivered to \(target.name): \(reason)", kind: "refused")
      counters.lostItems.add(items)
    }
    return false
  }

  /// The destinations that a configuration asks for.
  static func all(
    _ configuration: RelayConfiguration, pipeline: PipelineSettings, log: Log
  ) throws(RelayError) -> [Destination] {
    var settings = configuration.destinations
    if let tee = configuration.tee {
      settings.append(RelayConfiguration.DestinationSettings(url: tee == "-" ? "-" : "file:\(tee)"))
    }
    var destinations: [Destination] = []
    for entry in settings {
      let target: any Target
      if entry.url == "-" || entry.url.hasPrefix("file:") {
        target = try FileTarget(
          path: entry.url == "-" ? "-" : String(entry.url.dropFirst(5)), signal: entry.signal,
          onBrokenPipe: configuration.onBrokenOutput)
      } else {
        target = try RemoteTarget(
          url: entry.url, signal: entry.signal, options: entry.options, encoding: entry.compression)
      }
      destinations.append(Destination(target, signal: entry.signal, settings: pipeline, log: log))
    }
    return destinations
  }
}

/// What a durable queue does for one of its destinations.
protocol DestinationStorage: Sendable {
  /// Reads a payload back; `nil` when it cannot be read.
  func load(_ row: Int64) -> Payload?
  /// The destination is done with these entries.
  func delivered(_ batch: [QueueEntry])
  /// Keeps what the destination refused; the name of the file, or `nil` when it cannot be written.
  func bury(_ payloads: [Payload], destination: String) -> String?
}

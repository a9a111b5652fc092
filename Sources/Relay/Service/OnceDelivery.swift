import OTLP
import Platform
import TraceFormats
import Transport

/// Delivers files or standard input to the destinations, several requests at a time, and ends.
public final class OnceDelivery {
  public struct Settings: Sendable {
    /// Files, directories, `-`; none is standard input.
    public var paths: [String] = []
    /// Whether a file is removed once all of it is with all destinations.
    public var deletes = false
    /// Whether records that cannot be read are counted and passed over.
    public var skipsBad = false
    /// Where set, only spans that start in it (ns since 1970) are delivered, beside all metrics and log records.
    public var range: Range<UInt64>?
    public var input = TraceInputOptions()

    public init() {}
  }

  /// How far it has come.
  public struct Progress: Sendable {
    /// Bytes read so far, and of how many; `nil` when that is not known.
    public let bytesRead: Int
    public let totalBytes: Int?
    /// What the destination furthest behind has taken.
    public let sent: SignalCounts
  }

  public struct Outcome: Sendable {
    public let read: SignalCounts
    /// Of that, what has no destination.
    public let unclaimed: SignalCounts
    public let report: RelayReport
    /// Records that could not be read and were passed over.
    public let skipped: Int
    /// What could not be read, one line each.
    public let failures: [String]
    /// Files that another run had taken.
    public let lockedFiles: Int

    public var isComplete: Bool { report.isComplete && failures.isEmpty && skipped == 0 && unclaimed.total == 0 }
    public var sentAnything: Bool { report.lines.contains { $0.sent > 0 } }
  }

  private let settings: Settings
  private let destinations: [Destination]
  private let bySignal: [[Destination]]
  private let splitter: RequestSplitter
  private let resource: ResourceSplice?
  private let rewriter: (any TraceRewriter)?
  private let stage: (any TraceStage)?
  /// Follows what the stage lets on, which is no file's alone.
  private let chosen = DeliveryTracker()
  private let log: Log
  private let progress: (Progress) -> Void

  private var total: Int? = 0
  private var finishedBytes = 0
  private var read = SignalCounts()
  private var unclaimed = SignalCounts()
  private var skipped = 0
  private var failures: [String] = []
  /// Files whose failure has been told with its reason.
  private var explained: Set<String> = []
  private var underWay: [SpoolFile] = []
  /// What the paths stand for, with what was found beside it and is not delivered.
  private var leftOut: TraceFiles?
  /// Signals of which it was said that they have no destination.
  private var toldUnclaimed: Set<OTLPSignal> = []
  private let pending = OTLPSignal.allCases.map { Pending($0) }

  /// Small requests of one signal that will be sent as one.
  private final class Pending {
    let signal: OTLPSignal
    var bytes = ByteBuffer(capacity: 1024)
    var items = 0

    init(_ signal: OTLPSignal) { self.signal = signal }
  }

  /// - Parameter progress: called often, on the thread that calls `run`.
  public init(
    _ settings: Settings, _ configuration: RelayConfiguration, log: Log, progress: @escaping (Progress) -> Void
  ) throws(RelayError) {
    self.settings = settings
    self.log = log
    self.progress = progress
    var pipeline = configuration.pipeline
    // Files do not hurry: what is ahead of the destinations only takes memory.
    pipeline.queueMax = min(pipeline.queueMax, max(32 << 20, pipeline.batchBytes * pipeline.senders))
    let destinations = try Destination.all(configuration, pipeline: pipeline, log: log)
    self.destinations = destinations
    bySignal = OTLPSignal.allCases.map { signal in destinations.filter { $0.signal == signal } }
    splitter = RequestSplitter(maxItems: pipeline.batchItems, maxBytes: pipeline.batchBytes)
    resource = configuration.resource.isEmpty ? nil : ResourceSplice(configuration.resource)
    rewriter = configuration.rewriter
    stage = configuration.stage
    if stage != nil, settings.deletes {
      throw .badSetting("--delete cannot be used with sampling: no trace is judged before all files are read")
    }
  }

  /// Delivers everything; returns when that is done or has failed for good.
  public func run() throws(RelayError) -> Outcome {
    let found: TraceFiles
    do throws(SystemError) { found = try TraceFiles(settings.paths.isEmpty ? ["-"] : settings.paths) } catch {
      throw .badSetting(error.description)
    }
    leftOut = found
    let files = found.paths.filter { !SpoolFile.isNote($0) }
    for file in files {
      let size = file == "-" ? nil : (try? FileStatus.of(file)).flatMap { $0.isRegular ? $0.size : nil }
      total = size.flatMap { size in total.map { $0 + size } }
    }
    var threads: [ThreadHandle] = []
    for destination in destinations { threads += try destination.start() }
    var locked = 0
    for file in files where !deliver(file) { locked += 1 }
    if let stage { send(stage.judge(now: monotonicNanoseconds(), all: true)) }
    for destination in destinations { destination.queue.drain() }
    while !destinations.allSatisfy(\.queue.isDrained) {
      destinations.first { !$0.queue.isDrained }?.queue.waitUntilDrained(nanoseconds: 100_000_000)
      report(bytes: 0)
    }
    for thread in threads { thread.join() }
    reap()
    if let text = leftOut?.leftOutText { log.warn(text) }
    return Outcome(
      read: read, unclaimed: unclaimed, report: RelayReport(destinations, stage: stage), skipped: skipped,
      failures: failures,
      lockedFiles: locked)
  }

  private func report(bytes: Int) {
    var sent = SignalCounts()
    for signal in OTLPSignal.allCases {
      sent[signal] = bySignal[signal.index].map(\.counters.sentItems.value).min() ?? 0
    }
    progress(Progress(bytesRead: finishedBytes + bytes, totalBytes: total, sent: sent))
  }

  /// Reads a file into the queues; `false` when another run has it.
  private func deliver(_ path: String) -> Bool {
    let tracker: DeliveryTracker
    var file: SpoolFile?
    if path == "-" {
      tracker = DeliveryTracker()
    } else {
      do throws(SystemError) {
        guard let locked = try SpoolFile(locking: path, removes: settings.deletes) else {
          log.info("\(path) is being delivered by another run")
          return false
        }
        if settings.deletes, locked.isRegular {
          guard locked.isAtRest else {
            leftOut?.leaveOut(path, "still being written")
            return true
          }
          // A file goes only when it is whole: what cannot be read to its end is not delivered in part, and again later.
          if !settings.skipsBad, let problem = problem(with: path) {
            failures.append("\(problem); nothing of the file was delivered")
            explained.insert(path)
            return true
          }
        }
        file = locked
        tracker = locked.tracker
      } catch {
        failures.append(error.description)
        return true
      }
    }
    let unclaimedBefore = unclaimed
    let skippedBefore = skipped
    var isComplete = true
    do throws(InputError) {
      if let problem = try readAll(path, tracker) {
        isComplete = false
        failures.append(problem)
      }
    } catch {
      isComplete = false
      failures.append(error.description)
    }
    for signal in OTLPSignal.allCases where unclaimed[signal] > unclaimedBefore[signal] {
      isComplete = false
      let items = signal.items(unclaimed[signal] - unclaimedBefore[signal])
      failures.append("\(path == "-" ? "stdin" : path) holds \(items), and no \(signal.option) says where they go")
    }
    if !isComplete { explained.insert(path) }
    file?.isPartlyRead = skipped > skippedBefore
    // Of a file with a bad record, what came before it goes out.
    for pending in pending { flush(pending, tracker) }
    tracker.close(complete: isComplete)
    if let file {
      finishedBytes += file.size
      underWay.append(file)
      reap()
      // Each file that is under way keeps a descriptor.
      while underWay.count >= 128 {
        destinations.first { !$0.queue.isDrained }?.queue.waitUntilDrained(nanoseconds: 20_000_000)
        reap()
      }
    }
    return true
  }

  /// Reads a file into the queues; what of it was not understood, in words.
  private func readAll(_ path: String, _ tracker: DeliveryTracker) throws(InputError) -> String? {
    let input = try TraceInput([path], options: settings.input)
    var decoder = TraceDecoder(
      skipsBad: settings.skipsBad, reading: .anySignal(protobuf: OTLPSignal(fileName: path)))
    defer {
      let findings = input.findings.summary
      let bad = decoder.skipped + findings.skipped
      skipped += bad
      if let text = findings.madeIDsText { log.warn(text, ["file": path, "made_ids": "\(findings.madeIDs)"]) }
      if let first = decoder.firstSkipped ?? findings.firstSkipped {
        log.warn(
          "passed over \(bad) bad records, first \(first)",
          ["file": path, "bad_records": "\(bad)", "first": first.description])
      }
    }
    while let chunk = try input.next() {
      try decoder.forEachMessage(in: chunk) { (request, signal) throws(WireError) in
        try take(request, signal, tracker)
      }
      report(bytes: input.bytesRead)
      reap()
    }
    return input.findings.summary.firstNotUnderstood?.description
  }

  /// What keeps a file from being read whole, found by reading it once without sending anything.
  private func problem(with path: String) -> InputError? {
    do throws(InputError) {
      let input = try TraceInput([path], options: settings.input)
      var decoder = TraceDecoder(reading: .anySignal(protobuf: OTLPSignal(fileName: path)))
      while let chunk = try input.next() {
        try decoder.forEachMessage(in: chunk) { (request, signal) throws(WireError) in
          _ = try RequestWalk(request, signal: signal)
        }
      }
      return input.findings.summary.firstNotUnderstood
    } catch { return error }
  }

  /// Takes one request of a file: small ones are put together, large ones cut.
  private func take(_ request: ByteView, _ signal: OTLPSignal, _ tracker: DeliveryTracker) throws(WireError) {
    if let range = settings.range, signal == .traces {
      var asked = try ValidElements(of: request, signal: signal, startingIn: range)
      let message = asked.takeMessage()
      return try take(whole: message.view, signal, tracker)
    }
    try take(whole: request, signal, tracker)
  }

  private func take(whole request: ByteView, _ signal: OTLPSignal, _ tracker: DeliveryTracker) throws(WireError) {
    let walk = try RequestWalk(request, signal: signal)
    if walk.elements == 0 { return }
    read[signal] += walk.items
    if bySignal[signal.index].isEmpty {
      if toldUnclaimed.insert(signal).inserted { log.warn("\(signal) are not sent: no \(signal.option) says where") }
      unclaimed[signal] += walk.items
      return
    }
    let pending = pending[signal.index]
    var spliced = ByteBuffer(capacity: 16)
    var request = request
    if let resource {
      try resource.apply(to: request, into: &spliced)
      request = spliced.view
    }
    var rewritten = ByteBuffer(capacity: 16)
    if signal == .traces, let rewriter {
      try rewriter.rewrite(request, into: &rewritten)
      request = rewritten.view
    }
    if splitter.mustSplit(items: walk.items, bytes: request.count) {
      flush(pending, tracker)
      return try splitter.split(request, signal: signal, items: walk.items) { part, items in
        queue(part, signal, items, tracker)
      }
    }
    if splitter.mustSplit(items: pending.items + walk.items, bytes: pending.bytes.count + request.count) {
      flush(pending, tracker)
    }
    pending.bytes.append(request)
    pending.items += walk.items
  }

  private func flush(_ pending: Pending, _ tracker: DeliveryTracker) {
    guard !pending.bytes.isEmpty else { return }
    var taken = ByteBuffer(capacity: 64 << 10)
    swap(&taken, &pending.bytes)
    let items = pending.items
    pending.items = 0
    queue(taken, pending.signal, items, tracker)
  }

  private func queue(
    _ message: consuming ByteBuffer, _ signal: OTLPSignal, _ items: Int, _ tracker: DeliveryTracker
  ) {
    let destinations = bySignal[signal.index]
    if signal == .traces, let stage {
      let bytes = OwnedBytes(message)
      queue(bytes, signal, items, tracker, destinations.filter(\.isCopy))
      return send(stage.take(bytes.view, row: nil, now: monotonicNanoseconds()))
    }
    queue(OwnedBytes(message), signal, items, tracker, destinations)
  }

  /// Queues what the stage lets on.
  private func send(_ outcome: StageOutcome) {
    let destinations = bySignal[OTLPSignal.traces.index].filter { !$0.isCopy }
    for (request, items) in outcome.kept { queue(request, .traces, items, chosen, destinations) }
  }

  private func queue(
    _ message: OwnedBytes, _ signal: OTLPSignal, _ items: Int, _ tracker: DeliveryTracker, _ destinations: [Destination]
  ) {
    let payload = Payload(
      signal: signal, items: items, plainSize: message.count, plain: message, gzip: nil,
      accepted: monotonicNanoseconds())
    let entry = QueueEntry(payload, tracker: tracker)
    for destination in destinations {
      tracker.add()
      destination.queue.offerWaiting(entry)
    }
  }

  /// Lets go of the files that are done.
  private func reap() {
    underWay.removeAll { file in
      switch file.tracker.outcome {
      case .underWay: return false
      case .failed:
        if !explained.contains(file.path) { failures.append("\(file.path) was not delivered in full") }
        return true
      case .delivered:
        guard settings.deletes, file.isRegular else { return true }
        do throws(SystemError) {
          if file.isPartlyRead {
            let name = try file.setAside()
            log.warn("\(file.path) was read in part and is kept as \(name)")
          } else if file.isAtRest {
            try file.remove()
          } else {
            failures.append("\(file.path) grew while it was delivered, and stays: what it held will be sent again")
          }
        } catch { failures.append(error.description) }
        return true
      }
    }
  }
}

import OTLP
import Platform
import TraceFormats

/// How followed inputs are read.
public struct FollowingOptions: Sendable {
  /// Pass over bad records.
  public var skipsBad = false
  /// Count nothing of what is in a file before it is met at its end for the first time.
  public var fromEnd = false
  /// Spans that ended longer ago are not counted, ns; nil for those in a file at the start only, where nothing tells up to
  /// where it was counted before; 0 for none.
  public var maxAge: Int64?
  /// Whether a round says what came since the one before, and not all there is.
  public var isDelta = false
  /// Where the counters and how far inputs were read are kept; nil for nowhere.
  public var stateFile: String?

  public init() {}

  /// What is taken as old in a file at the start: Tempo's own limit.
  static let startAge: Int64 = 30 * Nanoseconds.perSecond
}

/// Reads one file that grows, or one pipe, and counts its spans as they come.
final class Follower: Sendable {
  private let path: String
  private let options: TraceInputOptions
  private let configuration: SpanMetricsConfiguration
  private let graph: ServiceGraph?
  private let following: FollowingOptions
  private let saved: InputPosition?
  private let log: Log
  private let started = Timestamp.now.nanoseconds
  private let counted: Monitor<Counted>

  /// What was counted since it was last taken, and up to where: both change together.
  struct Counted {
    var aggregator: Aggregator
    var position: InputPosition?
  }

  /// How the reading of an input ended.
  enum End: Sendable {
    /// The pipe's writers have gone, or reading was stopped.
    case whole(skipped: Int, first: InputError?)
    case failed(InputError)
  }

  /// How long a file that did not grow is left alone, ms.
  private static let interval: Int32 = 100
  /// How long a file that was renamed may still grow, ns: its writer learns of it later.
  private static let grace = Nanoseconds.perSecond

  init(
    _ path: String, _ options: TraceInputOptions, _ configuration: SpanMetricsConfiguration, graph: ServiceGraph?,
    _ following: FollowingOptions, saved: InputPosition?, _ log: Log
  ) throws(ConfigurationError) {
    self.path = path
    self.options = options
    self.configuration = configuration
    self.graph = graph
    self.following = following
    self.saved = saved
    self.log = log
    counted = Monitor(Counted(aggregator: try Aggregator(configuration, graph: graph), position: saved))
  }

  /// A new aggregator for what comes in `round`.
  func fresh(_ round: UInt32) throws(ConfigurationError) -> Aggregator {
    let fresh = try Aggregator(configuration, graph: graph)
    fresh.round = round
    return fresh
  }

  /// Calls `body` with what was counted, while nothing is.
  func withCounted<Result>(_ body: (inout Counted) -> Result) -> Result { counted.withLock { body(&$0) } }

  /// Reads until the input ends or `shouldStop`.
  func run(shouldStop: () -> Bool) -> End {
    var decoder = TraceDecoder(skipsBad: following.skipsBad)
    var torn = 0
    do throws(InputError) {
      while path != "-", (try? FileStatus.of(path)) == nil, saved == nil, !shouldStop() {
        pause(milliseconds: Self.interval)
      }
      if shouldStop() { return .whole(skipped: 0, first: nil) }
      if path == "-" || (try? FileStatus.of(path))?.isRegular == false {
        try readPipe(&decoder, shouldStop)
      } else {
        try readFiles(&decoder, &torn, shouldStop)
      }
    } catch {
      return .failed(error)
    }
    return .whole(skipped: decoder.skipped + torn, first: decoder.firstSkipped)
  }

  private func readPipe(_ decoder: inout TraceDecoder, _ shouldStop: () -> Bool) throws(InputError) {
    let input = try TraceInput([path], options: options)
    while !shouldStop() {
      if let chunk = try input.next() {
        try count(chunk, &decoder, notBefore: limit)
      } else if input.isAtEnd {
        if let chunk = try input.rest() { try count(chunk, &decoder, notBefore: limit) }
        return
      } else {
        _ = input.wait(milliseconds: Self.interval)
      }
    }
  }

  private func readFiles(
    _ decoder: inout TraceDecoder, _ torn: inout Int, _ shouldStop: () -> Bool
  ) throws(InputError) {
    var file = try first()
    // Up to the first end, what is there was there at the start.
    var isCatchingUp = saved == nil
    // The writer of one that was renamed before the start knows of it.
    var lastGrowth = isCatchingUp ? monotonicNanoseconds() : monotonicNanoseconds() - Self.grace
    while !shouldStop() {
      if let chunk = try next(of: file.input) {
        lastGrowth = monotonicNanoseconds()
        file.advance(to: chunk.end)
        if isCatchingUp, following.fromEnd {
          note(file.position)
        } else {
          try count(chunk, &decoder, notBefore: isCatchingUp ? startLimit : limit, file.position)
        }
        continue
      }
      if isCatchingUp {
        isCatchingUp = false
        if following.fromEnd { log.info("\(path): counting from its end on, byte \(file.position.place.offset)") }
        sayOld()
      }
      let now = try? FileStatus.of(path)
      guard let now, file.wasReplaced(by: now),
        !file.isOther(now) || monotonicNanoseconds() - lastGrowth >= Self.grace
      else {
        pause(milliseconds: Self.interval)
        continue
      }
      finish(file.input, &decoder, &torn, file.position)
      guard let fresh = try? FollowedFile.open(path, options) else { continue }
      file = fresh
      note(file.position)
      lastGrowth = monotonicNanoseconds()
    }
  }

  /// The file to begin with: where the last process stopped, wherever that is now.
  private func first() throws(InputError) -> FollowedFile {
    guard let saved, saved.place.offset > 0 || saved.inode != 0 else { return try FollowedFile.open(path, options) }
    if let found = FollowedFile.find(saved) {
      let file = try FollowedFile.open(found, options, resuming: saved)
      if file.status.size >= file.input.bytesRead { return file }
    }
    if (try? FileStatus.of(path)) != nil {
      log.warn(
        "\(path) is not the file that was read up to byte \(saved.place.offset): what else that held is not counted")
    }
    while (try? FileStatus.of(path)) == nil { pause(milliseconds: Self.interval) }
    return try FollowedFile.open(path, options)
  }

  /// The next records; nil also where the file went before it could be opened: another is waited for.
  private func next(of input: TraceInput) throws(InputError) -> TraceChunk? {
    do throws(InputError) { return try input.next() } catch {
      if input.bytesRead == 0, (try? FileStatus.of(path)) == nil { return nil }
      throw error
    }
  }

  /// Counts what stands behind the last whole record of a file that another took the place of; it was cut off, unless it
  /// merely lacks its line feed.
  private func finish(
    _ input: TraceInput, _ decoder: inout TraceDecoder, _ torn: inout Int, _ position: InputPosition
  ) {
    do throws(InputError) {
      if let chunk = try input.rest() { try count(chunk, &decoder, notBefore: limit, position) }
    } catch {
      torn += 1
      log.warn("\(path) was replaced after a record that is cut off, which is not counted: \(error)")
    }
  }

  /// Spans that ended before are not counted, ns since 1970.
  private var limit: UInt64 {
    guard let age = following.maxAge, age > 0 else { return configuration.notBefore }
    return UInt64(clamping: Timestamp.now.nanoseconds.subtractingSaturating(age))
  }

  private var startLimit: UInt64 {
    following.maxAge == nil ? UInt64(clamping: started.subtractingSaturating(FollowingOptions.startAge)) : limit
  }

  private func sayOld() {
    let old = counted.withLock { $0.aggregator.tooOld }
    guard old > 0, following.maxAge == nil else { return }
    log.warn(
      "\(path): \(old) spans or more that had ended over 30s before the start are not counted; --state keeps a position, "
        + "--max-age 0 counts them")
  }

  private func note(_ position: InputPosition) { counted.withLock { $0.position = position } }

  private func count(
    _ chunk: TraceChunk, _ decoder: inout TraceDecoder, notBefore: UInt64, _ position: InputPosition? = nil
  ) throws(InputError) {
    try counted.withLock { (counted) throws(InputError) in
      let aggregator = counted.aggregator
      aggregator.notBefore = notBefore
      try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in try aggregator.consume(request) }
      if let position { counted.position = position }
    }
  }
}

import OTLP
import Platform

/// Reads one file that grows, or one pipe, and counts its spans as they come.
final class Follower: Sendable {
  private let path: String
  private let options: TraceInputOptions
  private let configuration: SpanMetricsConfiguration
  private let graph: ServiceGraph?
  private let skipsBad: Bool
  /// What was counted since it was last taken.
  private let counted: Monitor<Aggregator>

  /// How the reading of an input ended.
  enum End: Sendable {
    /// The pipe's writers have gone, or reading was stopped.
    case whole(skipped: Int, first: InputError?)
    case failed(InputError)
  }

  /// How long a file that did not grow is left alone, ms.
  private static let interval: Int32 = 100

  init(
    _ path: String, _ options: TraceInputOptions, _ configuration: SpanMetricsConfiguration, graph: ServiceGraph?,
    skipsBad: Bool
  ) throws(ConfigurationError) {
    self.path = path
    self.options = options
    self.configuration = configuration
    self.graph = graph
    self.skipsBad = skipsBad
    counted = Monitor(try Aggregator(configuration, graph: graph))
  }

  /// What was counted since the last call; what comes after it belongs to `round`.
  func take(next round: UInt32) throws(ConfigurationError) -> Aggregator {
    let fresh = try Aggregator(configuration, graph: graph)
    fresh.round = round
    return counted.withLock { counted in
      let taken = counted
      counted = fresh
      return taken
    }
  }

  /// Reads until the input ends or `shouldStop`.
  func run(shouldStop: () -> Bool) -> End {
    var decoder = TraceDecoder(skipsBad: skipsBad)
    do throws(InputError) {
      while path != "-", (try? FileStatus.of(path)) == nil, !shouldStop() { pause(milliseconds: Self.interval) }
      if shouldStop() { return .whole(skipped: 0, first: nil) }
      var file = try? FileStatus.of(path)
      var input = try TraceInput([path], options: options)
      while !shouldStop() {
        if let chunk = try next(of: input) {
          try count(chunk, &decoder)
        } else if let known = file, known.isRegular {
          if let now = try? FileStatus.of(path), wasReplaced(known, now, read: input.bytesRead) {
            // What was written to the old file since it was looked at is not lost with it.
            if now.inode != known.inode { while let chunk = try next(of: input) { try count(chunk, &decoder) } }
            guard let fresh = try? TraceInput([path], options: options) else { continue }
            file = now
            input = fresh
          } else {
            pause(milliseconds: Self.interval)
          }
        } else if input.isAtEnd {
          if let chunk = try input.rest() { try count(chunk, &decoder) }
          break
        } else {
          _ = input.wait(milliseconds: Self.interval)
        }
      }
    } catch {
      return .failed(error)
    }
    return .whole(skipped: decoder.skipped, first: decoder.firstSkipped)
  }

  /// The next records; nil also where the file went before it could be opened: another is waited for.
  private func next(of input: TraceInput) throws(InputError) -> TraceChunk? {
    do throws(InputError) { return try input.next() } catch {
      if path != "-", input.bytesRead == 0, (try? FileStatus.of(path)) == nil { return nil }
      throw error
    }
  }

  private func count(_ chunk: TraceChunk, _ decoder: inout TraceDecoder) throws(InputError) {
    try counted.withLock { (aggregator) throws(InputError) in
      try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in try aggregator.consume(request) }
    }
  }

  /// Whether the path now names another file, or the file was emptied: it is read from its beginning then.
  private func wasReplaced(_ known: FileStatus, _ now: FileStatus, read: Int) -> Bool {
    now.device != known.device || now.inode != known.inode || now.size < read
  }
}

import HTTPServer
import Platform
import SpanMetrics
import TraceFormats

/// What the options of `ongrid spanmetrics` say, read once.
struct SpanMetricsSettings: Sendable {
  /// How inputs are followed.
  struct Following: Sendable {
    var options = FollowingOptions()
    let input: TraceInputOptions
    let paths: [String]
    let interval: Duration
    /// Rounds after which what does not move is dropped; 0 for never.
    let keptRounds: UInt32
    let listen: ListenAddress?
  }

  var configuration: SpanMetricsConfiguration
  let outputs: MetricsOutputs
  /// Nil for who reads to the end of the input and ends.
  let following: Following?
  let threads: Int?
  let skipsBad: Bool
  /// How far apart the counters of an input that ends are written at the time of the spans; nil for once, now.
  let step: Duration?

  init(_ arguments: Arguments, _ log: Log) throws(CommandError) {
    typealias Options = SpanMetricsOptions
    configuration = try SpanMetricsConfiguration(arguments)
    outputs = try MetricsOutputs(arguments, log)
    skipsBad = try arguments[InputOptions.skipBad]
    if configuration.clusters == nil {
      threads = try arguments[Options.threads]
    } else {
      // What names become depends on their order.
      threads = 1
      if try arguments[Options.threads] ?? 1 > 1 {
        throw .usage("--\(Options.clusterSpanNames.name) reads by one thread, for the order of the names matters")
      }
    }
    step = try arguments[Options.atSpanTime] ? arguments[Options.interval] : nil
    let maxAge = try arguments[Options.maxAge]
    guard try arguments[Options.follow] else {
      following = nil
      try Self.refuseWhatFollows(arguments)
      configuration.range = try TimeRangeOptions.nanoseconds(arguments)
      if let maxAge, maxAge > .zero {
        configuration.notBefore = UInt64(clamping: (Timestamp.now - maxAge).nanoseconds)
      }
      return
    }
    for option in TimeRangeOptions.all where arguments.isGiven(option) {
      throw .usage("--\(option.name) is for what is read once; with --follow there is --max-age")
    }
    if step != nil { throw .usage("--at-span-time is for what is read once, not --follow") }
    let interval = try arguments[Options.interval]
    let staleAfter = try arguments[Options.staleAfter].nanoseconds
    var following = Following(
      input: try InputOptions.options(arguments, follow: true), paths: arguments.positionals, interval: interval,
      keptRounds: UInt32(clamping: staleAfter.addingSaturating(interval.nanoseconds - 1) / interval.nanoseconds),
      listen: try Self.address(arguments))
    following.options.skipsBad = skipsBad
    following.options.fromEnd = try arguments[Options.fromEnd]
    following.options.maxAge = maxAge?.nanoseconds
    following.options.isDelta = outputs.writer.isDelta
    following.options.stateFile = try arguments[Options.state]
    self.following = following
  }

  private static func address(_ arguments: Arguments) throws(CommandError) -> ListenAddress? {
    guard let text = try arguments[SpanMetricsOptions.listen] else { return nil }
    do throws(ListenError) { return try ListenAddress(text) } catch { throw .usage("--listen: \(error)") }
  }

  private static func refuseWhatFollows(_ arguments: Arguments) throws(CommandError) {
    typealias Options = SpanMetricsOptions
    var onlyFollowing: [any CommandOption] = [
      Options.listen, Options.staleAfter, Options.state, Options.fromEnd, Options.buffer, ServiceGraphOptions.wait,
    ]
    if try !arguments[Options.atSpanTime] { onlyFollowing.append(Options.interval) }
    for option in onlyFollowing where arguments.isGiven(option) { throw .usage("--\(option.name) needs --follow") }
  }
}

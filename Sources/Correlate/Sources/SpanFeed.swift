import OTLP
import Platform
import TraceFormats
import Traces

/// Spans from wherever they are, as often as they are asked for.
protocol SpanFeed: Sendable {
  /// Calls `add` with each span, its resource and the resource's service name, on as many threads as are worth it: each
  /// has a part of its own, which `make` begins.
  func read<Part: Sendable>(
    _ make: @escaping @Sendable () -> Part,
    _ add: @escaping @Sendable (inout Part, SpanView, ResourceView, String) throws(WireError) -> Void
  ) throws(SpanFeedError) -> [Part]
}

/// Why spans could not be had.
struct SpanFeedError: Error, CustomStringConvertible {
  let description: String
}

/// Spans of files, which are read anew each time.
struct FileFeed: SpanFeed {
  let paths: [String]
  let options: TraceInputOptions
  let skipsBad: Bool
  /// On the clock of `monotonicNanoseconds`.
  let deadline: Int64

  /// Smaller files are read before a second thread has begun.
  private static let worthThreads = 4 << 20
  private static let maximumThreads = 4

  func read<Part: Sendable>(
    _ make: @escaping @Sendable () -> Part,
    _ add: @escaping @Sendable (inout Part, SpanView, ResourceView, String) throws(WireError) -> Void
  ) throws(SpanFeedError) -> [Part] {
    let input: TraceInput
    do throws(InputError) {
      input = try TraceInput(paths, options: options)
    } catch {
      throw SpanFeedError(description: error.description)
    }
    let isLarge = input.totalBytes.map { $0 >= FileFeed.worthThreads } ?? false
    let threads = isLarge ? min(processorCount, FileFeed.maximumThreads) : 1
    let parts = Parallel.map(threads) { _ in
      Result { () throws(SpanFeedError) in
        var part = make()
        try take(from: input) { (span, resource, service) throws(WireError) in try add(&part, span, resource, service) }
        return part
      }
    }
    var read: [Part] = []
    for part in parts { read.append(try part.get()) }
    return read
  }

  private func take(
    from input: TraceInput, _ body: (SpanView, ResourceView, String) throws(WireError) -> Void
  ) throws(SpanFeedError) {
    var isLate = false
    do throws(InputError) {
      var decoder = TraceDecoder(skipsBad: skipsBad)
      while !isLate, let chunk = try input.next() {
        try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in
          try SpanReader.forEach(in: request, body)
        }
        isLate = monotonicNanoseconds() > deadline
      }
    } catch {
      throw SpanFeedError(description: error.description)
    }
    if isLate { throw SpanFeedError(description: "the files could not be read in time") }
  }
}

/// Spans of traces that a store gave, as OTLP protobuf.
struct FetchedFeed: SpanFeed {
  let traces: [[UInt8]]

  func read<Part: Sendable>(
    _ make: @escaping @Sendable () -> Part,
    _ add: @escaping @Sendable (inout Part, SpanView, ResourceView, String) throws(WireError) -> Void
  ) throws(SpanFeedError) -> [Part] {
    var part = make()
    do throws(WireError) {
      for trace in traces {
        try trace.withByteView { view throws(WireError) in
          try SpanReader.forEach(in: RequestView(view)) { (span, resource, service) throws(WireError) in
            try add(&part, span, resource, service)
          }
        }
      }
    } catch {
      throw SpanFeedError(description: error.description)
    }
    return [part]
  }
}

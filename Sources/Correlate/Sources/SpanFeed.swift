import OTLP
import Platform
import TraceFormats
import Traces

/// Spans from wherever they are, as often as they are asked for.
protocol SpanFeed: Sendable {
  /// Calls `body` with each span, its resource and the resource's service name.
  func forEachSpan(
    _ body: (SpanView, ResourceView, String) throws(WireError) -> Void
  ) throws(SpanFeedError)
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

  func forEachSpan(
    _ body: (SpanView, ResourceView, String) throws(WireError) -> Void
  ) throws(SpanFeedError) {
    var isLate = false
    do throws(InputError) {
      let input = try TraceInput(paths, options: options)
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

  func forEachSpan(
    _ body: (SpanView, ResourceView, String) throws(WireError) -> Void
  ) throws(SpanFeedError) {
    do throws(WireError) {
      for trace in traces {
        try trace.withByteView { view throws(WireError) in try SpanReader.forEach(in: RequestView(view), body) }
      }
    } catch {
      throw SpanFeedError(description: error.description)
    }
  }
}

import JSON
import OTLP
import Platform
import TraceQL

/// The search of a store that gives a number of traces at most, and not the ones that are wanted first: where that many
/// come, some may be missing, and the halves of the time are asked for.
struct CandidateSearch {
  struct Window {
    let start: Timestamp
    let end: Timestamp
  }

  private let query: Query
  private let request: TraceSearchRequest
  /// How many traces to ask for at once.
  private(set) var limit: Int
  /// The most to ask for, which is what is asked for once it has become clear that there are many.
  private let most: Int
  /// What is still to be asked, the latest last.
  private var windows: [Window]
  private var found: SearchResult?
  private var ids: Set<String> = []
  private var questions = 0
  /// Whether a time too short to be halved holds more than the store gives.
  private var isCut = false

  /// The most questions for one search.
  private static let maximumQuestions = 32
  /// Stores count in microseconds, Zipkin in milliseconds.
  private static let shortestWindow: Int64 = 2_000_000

  init(_ query: Query, _ request: TraceSearchRequest, limit: Int) {
    self.query = query
    self.request = request
    most = limit
    self.limit = request.limit == 0 ? limit : min(max(request.limit.multipliedSaturating(by: 10), 200), limit)
    let end = request.end ?? .now
    windows = [Window(start: request.start ?? end.advanced(byNanoseconds: -3600 * Nanoseconds.perSecond), end: end)]
  }

  private var hasEnough: Bool { request.limit > 0 && ids.count >= request.limit }

  /// The next time to ask for; `nil` when there is enough, or no more.
  mutating func next() -> Window? {
    guard !hasEnough, questions < CandidateSearch.maximumQuestions else { return nil }
    questions += 1
    return windows.popLast()
  }

  /// Takes the traces that a window gave.
  ///
  /// - Parameter most: what the store has said that it gives at most.
  mutating func take(
    _ traces: [UInt8], of window: Window, most: Int?, _ client: BackendClient
  ) throws(BackendError) {
    var result = try LocalEvaluation.search(query, request, otlp: traces)
    // A trace that reaches over the border of two windows comes with both.
    result.traces = (found?.traces ?? []) + result.traces.filter { ids.insert($0.traceID).inserted }
    result.inspectedBytes += found?.inspectedBytes ?? 0
    found = result
    limit = min(limit, most ?? limit)
    guard try TraceAnswer.traceCount(traces, client) >= limit else { return }
    limit = min(self.most, most ?? self.most)
    let length = window.end.nanoseconds.subtractingSaturating(window.start.nanoseconds)
    guard length > CandidateSearch.shortestWindow else {
      isCut = true
      return
    }
    let middle = window.start.advanced(byNanoseconds: length / 2)
    windows.append(Window(start: window.start, end: middle))
    windows.append(Window(start: middle, end: window.end))
  }

  /// What the answer may lack, in words.
  func shortfall(_ store: String) -> String? {
    guard !hasEnough, isCut || !windows.isEmpty else { return nil }
    return """
      \(store) has more traces in this time than \(questions) searches for \(limit) each could bring, and some of them may \
      match: narrow the query or the time
      """
  }

  /// The answer in Tempo's shape, the latest traces first.
  var answer: [UInt8] {
    var writer = JSONWriter()
    guard var result = found else { return [] }
    result.traces.sort { ($0.startTimeUnixNano, $0.traceID) > ($1.startTimeUnixNano, $1.traceID) }
    if request.limit > 0 { result.traces = Array(result.traces.prefix(request.limit)) }
    result.write(to: &writer)
    return writer.bytes
  }
}

/// What the spans of all traces say about each place, over time.
struct Observations {
  /// What took time.
  enum Timed: Hashable {
    /// An operation's own time, beside what it called.
    case own(place: Int32)
    /// What a call takes beyond what the called operation does: network, queues, connections.
    case between(caller: Int32, callee: Int32)
    /// A call of something that sends no spans.
    case outside(place: Int32, peer: Int32)
    /// How often an operation calls another, in thousandths.
    case calls(place: Int32, thing: Thing)
  }

  /// What an operation does: part of itself, or a call.
  struct Thing: Hashable {
    enum Kind: UInt8 {
      case part, call
      /// A call that nothing answers.
      case unanswered
    }

    var kind: Kind
    var place: Int32
  }

  /// Something that happens in some of the cases.
  enum Event: Hashable {
    case does(place: Int32, thing: Thing)
    /// A failure that begins here.
    case fails(place: Int32, peer: Int32)
    /// A call that is answered but failed all the same.
    case callFails(place: Int32, callee: Int32)
    case refused(place: Int32)
    case unanswered(place: Int32)
    /// A log line of a template.
    case logs(place: Int32, template: Int32)

    var isFailure: Bool {
      switch self {
      case .fails, .callFails, .refused, .unanswered: true
      case .does, .logs: false
      }
    }
  }

  /// What is called last when an operation does these things.
  struct LastCall: Hashable {
    var things: Set<Thing>
    var last: Thing
  }

  let grid: TimeGrid
  private(set) var times: [Timed: Sketch] = [:]
  private(set) var cases: [Int32: [Float]] = [:]
  /// The same where the log lines are known.
  private(set) var logCases: [Int32: [Float]] = [:]
  private(set) var events: [Event: [Float]] = [:]
  /// By operation.
  private(set) var lastCalls: [Int32: [LastCall: [Float]]] = [:]
  private var lastCallCount = 0
  /// Who answers the calls of a place, and how often.
  private(set) var answers: [Int32: [Int32: Int]] = [:]
  /// Traces by slot.
  private(set) var traces: [Float]
  private(set) var requests = Sketch()
  /// Log templates by number.
  var templates: [LogWitness.Template] = []

  /// More things to compare are not kept: each costs memory, and a system with more has names made of ids.
  private static let maximumKeys = 40_000
  private(set) var leftOut = 0

  init(grid: TimeGrid) {
    self.grid = grid
    traces = Array(repeating: 0, count: grid.slots)
  }

  /// Requests so far.
  private var number = 0

  /// Begins the next request.
  mutating func addTrace(slot: Int, duration: Int64) {
    number += 1
    traces[slot] += 1
    requests.add(duration, slot: slot, request: number)
  }

  mutating func time(_ key: Timed, _ value: Int64, slot: Int) {
    if times[key] == nil, times.count >= Observations.maximumKeys {
      leftOut += 1
      return
    }
    times[key, default: Sketch()].add(value, slot: slot, request: number)
  }

  mutating func happens(at place: Int32, slot: Int) {
    cases[place, default: Array(repeating: 0, count: grid.slots)][slot] += 1
  }

  mutating func logCase(at place: Int32, slot: Int) {
    logCases[place, default: Array(repeating: 0, count: grid.slots)][slot] += 1
  }

  mutating func event(_ event: Event, slot: Int) {
    if events[event] == nil, events.count >= Observations.maximumKeys {
      leftOut += 1
      return
    }
    events[event, default: Array(repeating: 0, count: grid.slots)][slot] += 1
  }

  /// One more line of a template without a trace; no more count than there are requests.
  mutating func logLine(_ event: Event, slot: Int) {
    guard case .logs(let place, _) = event, events[event]?[slot] ?? 0 < logCases[place]?[slot] ?? 0 else { return }
    self.event(event, slot: slot)
  }

  /// Events but log lines, of which most tell the same several times.
  var happenings: Int { events.count - events.keys.lazy.filter { if case .logs = $0 { true } else { false } }.count }

  mutating func lastCall(at place: Int32, _ call: LastCall, slot: Int) {
    if lastCalls[place]?[call] == nil {
      guard lastCallCount < Observations.maximumKeys else { return }
      lastCallCount += 1
    }
    lastCalls[place, default: [:]][call, default: Array(repeating: 0, count: grid.slots)][slot] += 1
  }

  mutating func answered(_ place: Int32, by callee: Int32) { answers[place, default: [:]][callee, default: 0] += 1 }
}

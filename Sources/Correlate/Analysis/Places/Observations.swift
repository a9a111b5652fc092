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
  private var timeNumbers: [Timed: Int] = [:]
  private var sketches: [Sketch] = []
  /// Own times by place, apart because there is one for almost every span.
  private var own: [Sketch] = []
  /// How often each place's operation ran, by slot; empty for a place without runs.
  private var runs: [[Float]] = []
  /// The same where the log lines are known.
  private(set) var logCases: [Int32: [Float]] = [:]
  private var eventNumbers: [Event: Int] = [:]
  private var eventCounts: [[Float]] = []
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

  /// All that took time.
  var times: [(key: Timed, values: Sketch)] {
    own.indices.filter { own[$0].count > 0 }.map { (.own(place: Int32($0)), own[$0]) }
      + timeNumbers.map { ($0.key, sketches[$0.value]) }
  }

  /// All that happened in some of the cases.
  var events: [(key: Event, hits: [Float])] { eventNumbers.map { ($0.key, eventCounts[$0.value]) } }

  /// How often a place's operation ran, by slot.
  func runs(of place: Int32) -> [Float]? {
    let index = Int(place)
    return runs.indices.contains(index) && !runs[index].isEmpty ? runs[index] : nil
  }

  mutating func ownTime(of place: Int32, _ value: Int64, slot: Int) {
    while own.count <= Int(place) { own.append(Sketch()) }
    own[Int(place)].add(value, slot: slot, request: number)
  }

  mutating func time(_ key: Timed, _ value: Int64, slot: Int) {
    if let index = timeNumbers[key] {
      sketches[index].add(value, slot: slot, request: number)
    } else if sketches.count < Observations.maximumKeys {
      timeNumbers[key] = sketches.count
      sketches.append(Sketch())
      sketches[sketches.count - 1].add(value, slot: slot, request: number)
    } else {
      leftOut += 1
    }
  }

  mutating func happens(at place: Int32, slot: Int) {
    while runs.count <= Int(place) { runs.append([]) }
    if runs[Int(place)].isEmpty { runs[Int(place)] = Array(repeating: 0, count: grid.slots) }
    runs[Int(place)][slot] += 1
  }

  mutating func logCase(at place: Int32, slot: Int) {
    logCases[place, default: Array(repeating: 0, count: grid.slots)][slot] += 1
  }

  mutating func event(_ event: Event, slot: Int) {
    if let index = eventNumbers[event] {
      eventCounts[index][slot] += 1
    } else if eventCounts.count < Observations.maximumKeys {
      eventNumbers[event] = eventCounts.count
      eventCounts.append(Array(repeating: 0, count: grid.slots))
      eventCounts[eventCounts.count - 1][slot] += 1
    } else {
      leftOut += 1
    }
  }

  /// One more line of a template without a trace; no more count than there are requests.
  mutating func logLine(_ event: Event, slot: Int) {
    guard case .logs(let place, _) = event else { return }
    let lines = eventNumbers[event].map { eventCounts[$0][slot] } ?? 0
    if lines < logCases[place]?[slot] ?? 0 { self.event(event, slot: slot) }
  }

  /// Events but log lines, of which most tell the same several times.
  var happenings: Int {
    eventNumbers.keys.lazy.filter { if case .logs = $0 { false } else { true } }.count
  }

  mutating func lastCall(at place: Int32, _ call: LastCall, slot: Int) {
    if lastCalls[place]?[call] == nil {
      guard lastCallCount < Observations.maximumKeys else { return }
      lastCallCount += 1
    }
    lastCalls[place, default: [:]][call, default: Array(repeating: 0, count: grid.slots)][slot] += 1
  }

  mutating func answered(_ place: Int32, by callee: Int32) { answers[place, default: [:]][callee, default: 0] += 1 }
}

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

    /// One word that stands for it: places are numbered from 0, and there are far fewer than fit.
    var word: UInt64 {
      switch self {
      case .own(let place): Observations.word(0, place, 0)
      case .between(let caller, let callee): Observations.word(1, caller, Thing(kind: .call, place: callee).word)
      case .outside(let place, let peer): Observations.word(2, place, Thing(kind: .call, place: peer).word)
      case .calls(let place, let thing): Observations.word(3, place, thing.word)
      }
    }
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

    /// 34 bits.
    var word: UInt64 { UInt64(kind.rawValue) << 32 | UInt64(UInt32(bitPattern: place)) }
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

    var word: UInt64 {
      switch self {
      case .does(let place, let thing): Observations.word(0, place, thing.word)
      case .fails(let place, let peer): Observations.word(1, place, Thing(kind: .call, place: peer).word)
      case .callFails(let place, let callee): Observations.word(2, place, Thing(kind: .call, place: callee).word)
      case .refused(let place): Observations.word(3, place, 0)
      case .unanswered(let place): Observations.word(4, place, 0)
      case .logs(let place, let template): Observations.word(5, place, Thing(kind: .call, place: template).word)
      }
    }

    var isFailure: Bool {
      switch self {
      case .fails, .callFails, .refused, .unanswered: true
      case .does, .logs: false
      }
    }
  }

  /// What is called last when an operation does these things.
  struct LastCall {
    var place: Int32
    var things: [Thing]
    var last: Thing
    /// How often, by slot.
    var slots: [Float]
  }

  /// Names are at most as many as places and templates that are kept, so 27 bits of each hold apart what differs.
  private static func word(_ kind: UInt64, _ place: Int32, _ rest: UInt64) -> UInt64 {
    kind << 61 | (UInt64(UInt32(bitPattern: place)) & 0x7FF_FFFF) << 34 | rest
  }

  let grid: TimeGrid
  private var timeNumbers = KeyNumbers()
  private var timed: [(key: Timed, values: Sketch)] = []
  /// Own times by place, apart because there is one for almost every span.
  private var own: [Sketch] = []
  /// How often each place's operation ran, by slot; empty for a place without runs.
  private var runs: [[Float]] = []
  /// The same where the log lines are known.
  private(set) var logCases: [Int32: [Float]] = [:]
  private var eventNumbers = KeyNumbers()
  private(set) var events: [(key: Event, hits: [Float])] = []
  private var lastCallNumbers = KeyNumbers()
  private(set) var lastCalls: [LastCall] = []
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
      + timed
  }

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
    guard let index = Observations.index(key.word, &timeNumbers) else { return leftOut += 1 }
    if index == timed.count { timed.append((key, Sketch())) }
    timed[index].values.add(value, slot: slot, request: number)
  }

  /// The number of a key; nil for a new one when there are too many.
  private static func index(_ word: UInt64, _ numbers: inout KeyNumbers) -> Int? {
    if numbers.count >= maximumKeys { return numbers.number(of: word) }
    return numbers.take(word).number
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
    guard let index = Observations.index(event.word, &eventNumbers) else { return leftOut += 1 }
    if index == events.count { events.append((event, Array(repeating: 0, count: grid.slots))) }
    events[index].hits[slot] += 1
  }

  /// One more line of a template without a trace; no more count than there are requests.
  mutating func logLine(_ event: Event, slot: Int) {
    guard case .logs(let place, _) = event else { return }
    let lines = eventNumbers.number(of: event.word).map { events[$0].hits[slot] } ?? 0
    if lines < logCases[place]?[slot] ?? 0 { self.event(event, slot: slot) }
  }

  /// Events but log lines, of which most tell the same several times.
  var happenings: Int { events.lazy.filter { if case .logs = $0.key { false } else { true } }.count }

  /// What an operation did, and what of it came last.
  mutating func lastCall(at place: Int32, _ things: [(thing: Thing, count: Int64)], last: Thing, slot: Int) {
    var word = KeyNumbers.mixed(UInt64(UInt32(bitPattern: place)) &+ 1) ^ KeyNumbers.mixed(~last.word)
    for (thing, _) in things { word = word &+ KeyNumbers.mixed(thing.word &+ 0x9E37_79B9_7F4A_7C15) }
    guard let index = Observations.index(word, &lastCallNumbers) else { return }
    if index == lastCalls.count {
      lastCalls.append(
        .init(place: place, things: things.map(\.thing), last: last, slots: Array(repeating: 0, count: grid.slots)))
    }
    lastCalls[index].slots[slot] += 1
  }

  mutating func answered(_ place: Int32, by callee: Int32) { answers[place, default: [:]][callee, default: 0] += 1 }
}

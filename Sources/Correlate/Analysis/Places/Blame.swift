import Platform

/// Says which service each changed place speaks against, and adds up what speaks against each.
struct Blame {
  let table: SpanTable
  let observations: Observations
  let interval: TimeGrid.Interval
  private var findings: [PlaceFinding] = []

  /// The last call before what no longer happens is under suspicion, less than who no longer does it.
  private static let lastCallWeight = 0.6

  init(table: SpanTable, observations: Observations, interval: TimeGrid.Interval) {
    self.table = table
    self.observations = observations
    self.interval = interval
  }

  /// Services by what speaks against them: for each kind the strongest finding, of times several.
  func services(_ resources: [PlaceFinding]) -> [ServiceVerdict] {
    var byService: [String: [PlaceFinding]] = [:]
    for finding in findings + resources where !finding.service.isEmpty {
      byService[finding.service, default: []].append(finding)
    }
    return byService.compactMap { service, found in
      let sorted = found.sorted { ($1.strength, $0.text) < ($0.strength, $1.text) }
      var total = 0.0
      for kind in PlaceFinding.Kind.allCases {
        let own = sorted.filter { $0.kind == kind }
        switch kind {
        // Several slow places of one service that agree are worth more than one.
        case .time: for (index, one) in own.prefix(4).enumerated() { total += one.strength / Double(1 << index) }
        default: total += own.first?.strength ?? 0
        }
      }
      guard total >= PlaceAnalysis.leastTotal else { return nil }
      return ServiceVerdict(service: service, total: total, findings: sorted)
    }
    .sorted { ($1.total, $0.service) < ($0.total, $1.service) }
  }

  mutating func add(_ changes: [PlaceAnalysis.Change]) {
    var calls: [Between] = []
    var structure: [(place: Int32, thing: Observations.Thing, test: ChangeTest)] = []
    for change in changes {
      switch change.source {
      case .timed(.between(let caller, let callee)):
        calls.append(Between(caller: caller, callee: callee, test: change.test, count: change.count))
      case .timed(let key): if let test = change.test { timed(key, test) }
      case .event(.does(let place, let thing)):
        if let test = change.test { structure.append((place, thing, test)) }
      case .event(let event): if let test = change.test { self.event(event, test) }
      }
    }
    between(calls)
    self.structure(structure)
  }

  private mutating func find(
    _ kind: PlaceFinding.Kind, _ service: String, _ strength: Double, _ test: ChangeTest, _ text: String
  ) {
    findings.append(
      PlaceFinding(
        kind: kind, service: service, strength: strength, before: test.before, now: test.now, text: text))
  }

  private func name(ofService service: Int32) -> String { table.names[service] }
  private func service(_ place: Int32) -> String { table.names[table.service(of: place)] }

  /// Who usually answers the calls of a place.
  private func answerer(_ place: Int32) -> String? {
    observations.answers[place]?.max { ($0.value, $1.key) < ($1.value, $0.key) }.map { table.names[$0.key] }
  }

  // MARK: Times

  private func timeText(_ test: ChangeTest) -> String {
    if let slow = test.slow {
      return "\(Blame.percent(test.before)) above \(Milliseconds.text(slow.bound / 1e6)) before, "
        + "\(Blame.percent(test.now)) now, these \(Milliseconds.text(slow.mean / 1e6))"
    }
    return "\(Milliseconds.text(test.before / 1e6)) before, \(Milliseconds.text(test.now / 1e6)) now"
  }

  static func percent(_ share: Double) -> String { NumberText.short((share * 1000).rounded() / 10) + " %" }

  private mutating func timed(_ key: Observations.Timed, _ test: ChangeTest) {
    switch key {
    case .own(let place):
      find(.time, service(place), test.strength, test, "\(table.text(of: place)): own time \(timeText(test))")
    case .outside(let place, let peer):
      let other = peer >= 0 ? table.names[peer] : answerer(place) ?? service(place)
      let text = "\(table.text(of: place))\(peer >= 0 ? " (\(other))" : ""): the call takes \(timeText(test))"
      find(.time, other, test.strength, test, text)
    case .calls(let place, let thing):
      let (old, new) = (test.slow == nil ? test.before / 1000 : 0, (test.slow?.mean ?? test.now) / 1000)
      let counts =
        test.slow == nil
        ? "\(NumberText.short(old.rounded())) times before, \(NumberText.short(new.rounded())) now"
        : "\(NumberText.short(new.rounded())) times in \(Blame.percent(test.now)) of its runs, \(Blame.percent(test.before)) before"
      find(
        .calls, service(place), test.strength, test,
        "\(table.text(of: place)): \(table.text(of: thing.place)) \(counts)")
    case .between: break
    }
  }

  private struct Between {
    var caller: Int32
    var callee: Int32
    var test: ChangeTest?
    var count: Double
  }

  /// A slow call is charged to the called service, by the share of calls to it that became slower; and to the calling one
  /// if several services that it calls answer late, which then are less likely to be at fault each.
  private mutating func between(_ calls: [Between]) {
    let slow = calls.filter { $0.test != nil }
    let callees = Dictionary(grouping: slow, by: \.caller).mapValues {
      Set($0.map { table.service(of: $0.callee) }).count
    }
    let callers = Dictionary(grouping: slow) { table.service(of: $0.callee) }.mapValues { Set($0.map(\.caller)).count }
    for (service, group) in Dictionary(grouping: calls, by: { table.service(of: $0.callee) }) {
      guard let worst = Blame.worst(group), let test = worst.test else { continue }
      let isCallers = callees[worst.caller] ?? 0 > 1 && callers[service] ?? 0 == 1
      find(
        .time, name(ofService: service), test.strength * Blame.share(group) * (isCallers ? 0.6 : 1), test, text(worst))
    }
    for (service, group) in Dictionary(grouping: calls, by: \.caller) where callees[service] ?? 0 > 1 {
      guard let worst = Blame.worst(group), let test = worst.test else { continue }
      find(
        .time, name(ofService: service), test.strength * Blame.share(group).squareRoot(), test,
        text(worst) + "; so do its other calls")
    }
  }

  private static func worst(_ calls: [Between]) -> Between? {
    calls.filter { $0.test != nil }
      .max { ($0.test?.strength ?? 0, $0.callee, $0.caller) < ($1.test?.strength ?? 0, $1.callee, $1.caller) }
  }

  /// How many of the calls go where they became slower.
  private static func share(_ calls: [Between]) -> Double {
    let slow = calls.reduce(0) { $1.test == nil ? $0 : $0 + $1.count }
    return slow / max(1, calls.reduce(0) { $0 + $1.count })
  }

  private func text(_ call: Between) -> String {
    "\(name(ofService: call.caller)) → \(table.text(of: call.callee)): between the two "
      + (call.test.map(timeText) ?? "")
  }

  // MARK: Events

  private mutating func event(_ event: Observations.Event, _ test: ChangeTest) {
    let shares = "\(Blame.percent(test.before)) before, \(Blame.percent(test.now)) now"
    let errors = { (strength: Double) in strength * 1.2 }
    switch event {
    case .logs(let place, let template):
      let name = place >= 0 ? table.text(of: place) : self.name(ofService: -1 - place)
      let service = place >= 0 ? self.service(place) : name
      let message = observations.templates[Int(template)]
      find(
        .logs, service, test.strength * Blame.weight(of: message, test), test,
        "\(name) logs \"\(message.text)\": \(shares)")
    // That failures became fewer speaks against nobody.
    case _ where test.now < test.before: break
    case .fails(let place, let peer):
      let other = peer >= 0 ? table.names[peer] : answerer(place) ?? service(place)
      find(.errors, other, errors(test.strength), test, "\(table.text(of: place)) fails: \(shares)")
    case .callFails(let place, let callee):
      find(
        .errors, service(callee), errors(test.strength), test,
        "\(table.text(of: place)) fails though \(table.text(of: callee)) does not: \(shares)")
    case .refused(let place):
      find(
        .errors, service(place), errors(test.strength), test, "\(table.text(of: place)) asks what is refused: \(shares)"
      )
    case .unanswered(let place):
      guard let answerer = answerer(place) else { break }
      find(
        .errors, answerer, errors(test.strength), test,
        "\(table.text(of: place)): \(answerer) leaves no span: \(shares)")
    case .does: break
    }
  }

  /// A new message says more than one that is no longer written, which is a consequence as often as not.
  private static func weight(of message: LogWitness.Template, _ test: ChangeTest) -> Double {
    if test.now < test.before { return 0.7 }
    return message.tellsOfTrouble ? 1.2 : 1
  }

  // MARK: Structure

  private mutating func structure(_ changes: [(place: Int32, thing: Observations.Thing, test: ChangeTest)]) {
    let gone = changes.filter { $0.test.now < $0.test.before }
    let calledLess = Set(gone.filter { $0.thing.kind == .call }.map { table.service(of: $0.thing.place) })
    var pointed: [Int32: [Int32: (strength: Double, text: String, test: ChangeTest)]] = [:]
    for (place, thing, test) in changes {
      let owner = table.service(of: place)
      let what = thing.kind == .call ? "calls" : "does"
      let text =
        "\(table.text(of: place)) \(what) \(table.text(of: thing.place)): \(Blame.percent(test.before)) before, "
        + "\(Blame.percent(test.now)) now"
      if thing.kind == .unanswered, test.now > test.before, let other = answerer(thing.place), other != service(place) {
        find(.calls, other, test.strength, test, text + ", unanswered")
        continue
      }
      find(.calls, service(place), test.strength * (calledLess.contains(owner) ? 0.5 : 1), test, text)
      guard test.now < test.before, let last = lastCall(of: place, without: thing) else { continue }
      let callee = table.service(of: last.call.place)
      guard last.call.kind == .call, callee != owner else { continue }
      let strength = min(1, last.share / max(1e-9, 1 - test.now)) * test.strength * Blame.lastCallWeight
      if strength > pointed[callee]?[owner]?.strength ?? 0 {
        let text =
          "\(table.text(of: last.call.place)) is the last call of \(table.text(of: place)) when that no longer goes on to "
          + table.text(of: thing.place)
        pointed[callee, default: [:]][owner] = (strength, text, test)
      }
    }
    for (callee, callers) in pointed {
      let sorted = callers.values.sorted { $0.strength > $1.strength }
      guard let first = sorted.first else { continue }
      find(.calls, name(ofService: callee), sorted.reduce(0) { $0 + $1.strength }, first.test, first.text)
    }
  }

  /// The call that most often comes last where an operation does not do a thing; and how often, of all its runs.
  private func lastCall(of place: Int32, without thing: Observations.Thing) -> (
    call: Observations.Thing, share: Double
  )? {
    var votes: [Observations.Thing: Double] = [:]
    for call in observations.lastCalls where call.place == place && !call.things.contains(thing) {
      votes[call.last, default: 0] += ChangeTest.sum(call.slots, interval.from..<interval.to)
    }
    let all = votes.values.reduce(0, +)
    guard all > 0, let best = votes.max(by: { ($0.value, $1.key.place) < ($1.value, $0.key.place) }),
      best.value * 2 > all
    else { return nil }
    let cases = ChangeTest.sum(observations.runs(of: place) ?? [], interval.from..<interval.to)
    return (best.key, best.value / max(1, cases))
  }
}

import Compression
import OTLP
import Platform

/// Requests of which a stage says what goes on.
extension DurableQueue {
  /// A request, or several put together, that will be stored under a row of its own.
  struct UndecidedRequest {
    let request: OwnedBytes
    let items: Int
  }

  func store(_ payloads: [Payload], undecided staged: Pipeline.Staged, ticket: Ticket?) -> Reply? {
    var requests: [UndecidedRequest] = []
    do throws(CompressionError) {
      for payload in payloads {
        requests.append(UndecidedRequest(request: try payload.message(), items: payload.items))
      }
    } catch {
      return .refused(Refusal(.malformed, "\(error)"))
    }
    let bytes = payloads.reduce(0) { $0 + $1.heldBytes }
    let held = staged.chosen.filter { $0.queue.reserve(bytes) }
    if held.isEmpty { return Pipeline.reply(staged.chosen, of: staged.chosen, items: 0) }
    let withRoom = staged.copies.filter { $0.queue.reserve(bytes) }
    let full = staged.copies.filter { destination in !withRoom.contains { $0 === destination } }
    return arrive(
      Arrival(
        payloads: payloads, destinations: withRoom, full: full, undecided: requests, held: held, ticket: ticket))
  }

  /// What has arrived, in few requests: those that follow each other are one when put together.
  static func joined(_ arrivals: [Arrival]) -> [UndecidedRequest] {
    var requests: [UndecidedRequest] = []
    var open = ByteBuffer(capacity: 16)
    var items = 0
    func close() {
      guard !open.isEmpty else { return }
      var taken = ByteBuffer(capacity: 16)
      swap(&taken, &open)
      requests.append(UndecidedRequest(request: OwnedBytes(taken), items: items))
      items = 0
    }
    for request in arrivals.lazy.flatMap(\.undecided) {
      if request.request.count > PackLimit.bytes / 2 {
        requests.append(request)
        continue
      }
      if open.count + request.request.count > PackLimit.bytes { close() }
      open.append(request.request.view)
      items += request.items
    }
    close()
    return requests
  }

  /// Writes what a stage has decided, in the transaction that is open; the packs of what goes on, with their rows.
  func write(
    _ outcomes: [StageOutcome], _ store: QueueStore, now: Int64
  ) throws(SQLiteDatabase.Failure) -> [(PackBuilder.Pack, ClosedRange<Int64>)] {
    guard let staged = pipeline?.staged, !outcomes.isEmpty else { return [] }
    let bits = staged.chosen.reduce(Int64(0)) { $0 | bit(of: $1) }
    var written: [(PackBuilder.Pack, ClosedRange<Int64>)] = []
    var builder = PackBuilder(limit)
    for outcome in outcomes { builder.add(Pipeline.payloads(outcome), for: staged.chosen, remaining: bits) }
    for pack in builder.packs { written.append((pack, try store.add(pack.payloads, remaining: bits, now: now))) }
    let tables = try store.undecided()
    for outcome in outcomes {
      try tables.settle(outcome.settledRows, everywhere: counters.damages.value > 0)
    }
    try tables.note(outcomes.flatMap(\.verdicts), last: lastUndecidedRow)
    return written
  }

  /// Lets the stage take what is stored now.
  func take(_ stored: [(UndecidedRequest, row: Int64)]) {
    guard let stage = pipeline?.staged?.stage else { return }
    let now = monotonicNanoseconds()
    for (request, row) in stored {
      lastUndecidedRow = row
      note(stage.take(request.request.view, row: row, now: now))
    }
  }

  func note(_ outcome: StageOutcome) {
    undecidedRows.subtract(outcome.settledRows.count)
    if !outcome.isEmpty { outcomes.append(outcome) }
  }

  // MARK: What was there at the start

  /// Gives the stage what it had not judged, or, without a stage, everybody what nobody will judge.
  func recoverUndecided() {
    let staged = pipeline?.staged
    var settled: Int64 = 0
    let exists = attempt("the queue cannot be read") { (store) throws(SQLiteDatabase.Failure) -> Bool in
      guard try store.hasUndecided() || staged != nil else { return false }
      settled = try store.undecided().forEachVerdict { staged?.stage.remember($0) }
      return true
    }
    guard exists == true else { return }
    lastUndecidedRow = settled
    var row: Int64 = 0
    var items = 0
    while true {
      var payloads: [Payload] = []
      let found = attempt("the queue cannot be read") { (store) throws(SQLiteDatabase.Failure) in
        payloads = []
        return try store.undecided().next(after: row) { payloads.append($0) }
      }
      guard let next = found ?? nil else { break }
      row = next
      undecidedRows.add(1)
      lastUndecidedRow = max(lastUndecidedRow, row)
      items += payloads.reduce(0) { $0 + $1.items }
      if let staged {
        let now = monotonicNanoseconds()
        for payload in payloads {
          guard let request = payload.plain else { continue }
          note(staged.stage.takeAgain(request.view, row: row, isSettled: row <= settled, now: now))
        }
        if outcomes.count > 64 { commit(Work()) }
      } else {
        release(payloads, of: row)
      }
    }
    if staged != nil {
      if items > 0 { plainLog.info("the queue holds \(OTLPSignal.traces.items(items)) that are not judged yet") }
    } else if items > 0 {
      _ = attempt("the queue cannot be written") { (store) throws(SQLiteDatabase.Failure) in
        try store.undecided().removeAllVerdicts()
      }
      plainLog.warn(
        "the queue held \(OTLPSignal.traces.items(items)) that were not judged yet: without a policy all are sent")
    }
  }

  private func release(_ payloads: [Payload], of row: Int64) {
    let chosen = destinations.filter { $0.signal == .traces && !$0.isCopy }
    if chosen.allSatisfy({ bit(of: $0) == 0 }) { return }
    do throws(SQLiteDatabase.Failure) {
      let added = try addAgain(payloads, for: chosen) { (store) throws(SQLiteDatabase.Failure) in
        try store.undecided().settle([row], everywhere: false)
      }
      undecidedRows.subtract(1)
      handOverAgain(added)
    } catch {
      log.error("what was not judged stays in the queue: \(error)", kind: "undecided")
    }
  }
}

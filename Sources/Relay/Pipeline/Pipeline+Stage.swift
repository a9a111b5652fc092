import Compression
import OTLP
import Platform

/// Requests of traces that go through a stage.
extension Pipeline {
  /// Where traces go before and after the stage.
  struct Staged: Sendable {
    let stage: any TraceStage
    /// Gets everything.
    let copies: [Destination]
    /// Get what the stage lets on.
    let chosen: [Destination]
  }

  func choose(_ payloads: [Payload], _ staged: Staged, _ ticket: Ticket) -> Reply? {
    // What is kept later cannot be refused any more, so it is refused now.
    if !staged.chosen.isEmpty, staged.chosen.allSatisfy(\.queue.isFull) {
      return Pipeline.reply(staged.chosen, of: staged.chosen, items: 0)
    }
    if let storage {
      let stays = acknowledgement == .stored
      return storage.store(payloads, undecided: staged, ticket: stays ? ticket : nil) ?? (stays ? nil : .accepted())
    }
    let items = payloads.reduce(0) { $0 + $1.items }
    let entries = payloads.map { QueueEntry($0) }
    let missed = staged.copies.filter { !$0.queue.offer(entries) }
    let now = monotonicNanoseconds()
    for payload in payloads {
      do throws(CompressionError) {
        send(staged.stage.take(try payload.message().view, row: nil, now: now), staged)
      } catch {
        return .refused(Refusal(.malformed, "\(error)"))
      }
    }
    let reply = Pipeline.reply(missed, of: missed + staged.chosen, items: items)
    return park(reply, ticket, staged.chosen) ? nil : reply
  }

  /// Queues what a stage lets on. Its clients have their reply, so that a full queue takes it too where no other does.
  func send(_ outcome: StageOutcome, _ staged: Staged) {
    if outcome.kept.isEmpty { return }
    let payloads = Pipeline.payloads(outcome)
    let entries = payloads.map { QueueEntry($0) }
    let bytes = entries.reduce(0) { $0 + $1.bytes }
    let full = staged.chosen.filter { !$0.queue.offer(entries) }
    if full.count < staged.chosen.count {
      _ = Pipeline.reply(full, of: staged.chosen, items: entries.reduce(0) { $0 + $1.items })
      return
    }
    for destination in full {
      destination.queue.reserve(bytes, force: true)
      destination.queue.enqueue(entries)
    }
  }

  static func payloads(_ outcome: StageOutcome) -> [Payload] {
    let now = monotonicNanoseconds()
    return outcome.kept.map { request, items in
      Payload(
        signal: .traces, items: items, plainSize: request.count, plain: request, gzip: nil, accepted: now)
    }
  }

  /// Lets the stage judge what has waited long enough, or everything.
  func judge(now: Int64, all: Bool = false) {
    guard let staged else { return }
    send(staged.stage.judge(now: now, all: all), staged)
  }
}

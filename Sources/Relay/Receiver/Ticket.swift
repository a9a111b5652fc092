import HTTPServer
import Platform

/// Counts a request when it is known what became of it: what has been stored and then refused was not accepted.
struct Receipt: Sendable {
  let counters: ReceiverCounters
  let source: RequestSource
  let items: Int
  /// Items that were left out.
  let rejected: Int
  /// Bytes of the body as it came.
  let bytes: Int

  func count(_ reply: Reply) {
    switch reply {
    case .accepted:
      counters.accepted(source, items: items, bytes: bytes)
      if rejected > 0 { counters.rejected(source, items: rejected) }
    case .refused(let refusal):
      counters.refused(refusal, signal: source.signal, transport: source.transport, items: items)
    }
    counters.duration.record(Duration.nanoseconds(monotonicNanoseconds() - source.began).inSeconds)
  }
}

/// Where the reply to a request goes, and in what form.
struct Ticket: Sendable {
  let form: ReplyForm
  let response: ResponseTicket
  /// What was left out of the request.
  var rejection = Rejection()
  /// Counts the reply.
  var receipt: Receipt?

  /// Answers the request; from any thread, once.
  func complete(_ reply: Reply) {
    receipt?.count(reply)
    response.complete(form.response(rejection.completing(reply)))
  }
}

import HTTPServer
import OTLP

/// The receiver as an event loop sees it.
final class ReceiverHandler: RequestHandler {
  private let receiver: Receiver
  private let router: Router
  private let workspace = Workspace()

  init(_ receiver: Receiver, _ router: Router) {
    self.receiver = receiver
    self.router = router
  }

  func begin(_ head: RequestHead) -> RequestDecision {
    switch router.route(head) {
    case .preflight(let origin): return .answer(.preflight(origin: origin, headers: head.requestedHeaders))
    case .refused(let refusal): return .answer(refuse(head, refusal))
    case .export(let signal, let format, let coding):
      let form = router.replyForm(head)
      return .read { [receiver, workspace] body, request in
        let source = RequestSource(signal: signal, transport: form.transport, began: request.began)
        let reply = receiver.receive(
          body, source, format: format, coding: request.isEncoded ? coding : .identity, workspace: workspace,
          ticket: Ticket(form: form, response: request.ticket))
        return reply.map { form.response($0) }
      }
    }
  }

  func refuse(_ head: RequestHead, _ fault: RequestFault) -> ServerResponse { refuse(head, Refusal(fault)) }

  private func refuse(_ head: RequestHead, _ refusal: Refusal) -> ServerResponse {
    let form = router.replyForm(head)
    receiver.counters.refused(refusal, signal: router.signal(head), transport: form.transport)
    return form.response(.refused(refusal))
  }

  func tick(_ now: Int64) { receiver.tick(now) }
}

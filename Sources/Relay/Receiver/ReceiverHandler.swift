import HTTPServer
import OTLP
import Platform

/// The receiver as an event loop sees it.
final class ReceiverHandler: RequestHandler {
  private let receiver: Receiver
  private let router: Router
  private let health: HealthCheck
  private let workspace = Workspace()

  init(_ receiver: Receiver, _ router: Router, _ health: HealthCheck) {
    self.receiver = receiver
    self.router = router
    self.health = health
  }

  func begin(_ head: RequestHead) -> RequestDecision {
    switch router.route(head) {
    case .preflight(let origin): return .answer(.preflight(origin: origin, headers: head.requestedHeaders))
    case .refused(let refusal): return .answer(refuse(head, refusal))
    case .health:
      return .read { [health] body, request in
        request.isEncoded
          ? .grpc(status: 12, message: "health checks are read uncompressed only") : health.answer(body.view)
      }
    case .export(let signal, let format, let coding):
      var form = router.replyForm(head)
      form.signal = signal
      if case .grpcWeb(let web) = form.shape { return readWeb(web, form, signal, coding) }
      return .read { [receiver, workspace, form] body, request in
        let source = RequestSource(signal: signal, transport: form.transport, began: request.began)
        let reply = receiver.receive(
          body, source, format: format, coding: request.isEncoded ? coding : .identity, workspace: workspace,
          ticket: Ticket(form: form, response: request.ticket))
        return reply.map { form.response($0) }
      }
    }
  }

  private func readWeb(
    _ web: GRPCWeb, _ form: ReplyForm, _ signal: OTLPSignal, _ coding: RequestCoding
  ) -> RequestDecision {
    .read { [receiver, workspace] body, request in
      let source = RequestSource(signal: signal, transport: form.transport, began: request.began)
      guard var message = web.message(in: body.view, limit: receiver.maxRequest) else {
        let refusal = Refusal(.malformed, "malformed gRPC message framing")
        receiver.counters.refused(refusal, signal: signal, transport: form.transport)
        return form.response(.refused(refusal))
      }
      let isEncoded = message.isCompressed
      let reply = receiver.receive(
        message.take(), source, format: .protobuf, coding: isEncoded ? coding : .identity, workspace: workspace,
        ticket: Ticket(form: form, response: request.ticket))
      return reply.map { form.response($0) }
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

import HTTPServer

/// Where the reply to a request goes, and in what form.
struct Ticket: Sendable {
  let form: ReplyForm
  let response: ResponseTicket
  /// What was left out of the request.
  var rejection = Rejection()

  /// Answers the request; from any thread, once.
  func complete(_ reply: Reply) { response.complete(form.response(rejection.completing(reply))) }
}

import Platform

/// One request of an HTTP/2 connection, a gRPC call or any other, and the response to it.
final class HTTP2Stream {
  let id: Int32
  let began: Int64
  var head = RequestHead()
  /// Bytes of the header so far, as RFC 9113 counts them (section 6.5.2).
  var headerBytes = 0
  var headerFields = 0
  /// What is wrong with the header.
  var fault: RequestFault?

  /// What takes the body.
  var taker: ((consuming ByteBuffer, WholeRequest) -> ServerResponse?)?
  /// Bytes counted against what all unfinished bodies may hold.
  var held = 0
  /// When the call must have been answered (`grpc-timeout`), in monotonic ns.
  var deadline = Int64.max
  var message = GRPCMessageReader()
  var body = ByteBuffer(capacity: 16)

  enum Phase {
    case header, body
    /// Answered without the body, while the client still sends: most clients only look at the answer when they are done.
    case discarding
    /// With the handler, which answers later.
    case waiting
    case answered
  }
  var phase = Phase.header

  /// The answer to a request that is being discarded, and how many bytes of it have been.
  var answer: ServerResponse?
  var discarded = 0

  /// Whether the client has sent all of the request.
  var hasEnded = false

  /// The response's content, how much of it has been sent, and the trailers that end it.
  var content: [UInt8] = []
  var contentSent = 0
  var trailers: [ServerResponse.Field] = []

  init(id: Int32, began: Int64) {
    self.id = id
    self.began = began
  }

  /// How many bytes of the body have come.
  var received: Int { message.count + body.count }
}

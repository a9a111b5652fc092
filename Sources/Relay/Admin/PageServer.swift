import Platform

/// A small HTTP server for pages that are made when they are asked for, such as `/metrics`. It is the relay's own admin
/// listener with other pages.
public final class PageServer {
  /// An answer.
  public struct Page: Sendable {
    /// The HTTP status.
    public var status: Int
    public var contentType: String
    public var body: [UInt8]

    public init(status: Int = 200, contentType: String = "text/plain; charset=utf-8", _ body: [UInt8]) {
      self.status = status
      self.contentType = contentType
      self.body = body
    }
  }

  private let server: Server

  /// Opens the listening socket. `page` is called with each request's path, on the server's thread.
  public init(_ address: ListenAddress, page: @escaping @Sendable (_ path: String) -> Page) throws(RelayError) {
    let counters = ReceiverCounters()
    let limits = ReceiverLimits()
    let receiver = Receiver(
      limits: limits, intake: Pipeline([], passesGzip: false), counters: counters,
      splitter: RequestSplitter(maxItems: 1, maxBytes: 1))
    let context = ServerContext(
      limits: limits, router: Router(signals: [], corsOrigins: [], tokens: nil), receiver: receiver, counters: counters,
      admin: { path in
        let answer = page(path)
        var response = ServerResponse(status: answer.status)
        response.fields = [("content-type", answer.contentType)]
        response.body = answer.body
        return response
      })
    server = try Server(context, listeners: [Listener(try ListeningSocket(address), isAdmin: true)], loops: 1)
  }

  /// Where it listens, with the port that the kernel chose.
  public var address: ListenAddress? { server.addresses(ofAdmin: true).first }

  public func start() throws(RelayError) { try server.start() }

  /// Finishes the requests under way and ends.
  public func stop() { server.stop(drainingFor: 1) }
}

import Platform

/// Answers GET and HEAD with pages that are made when they are asked for.
public final class PageHandler: RequestHandler {
  private let page: @Sendable (_ path: String) -> Page

  /// - Parameter page: called with each request's path, on an event loop's thread.
  public init(_ page: @escaping @Sendable (_ path: String) -> Page) { self.page = page }

  public func begin(_ head: RequestHead) -> RequestDecision {
    guard head.method == "GET" || head.method == "HEAD" else {
      return .answer(ServerResponse(status: 405, fields: [("allow", "GET, HEAD")]))
    }
    let page = page(head.path)
    return .answer(ServerResponse(status: page.status, fields: [("content-type", page.contentType)], body: page.body))
  }
}

/// An answer of a `PageHandler`.
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

  /// A page of text.
  public init(status: Int = 200, contentType: String = "text/plain; charset=utf-8", _ text: String) {
    self.init(status: status, contentType: contentType, Array(text.utf8))
  }
}

/// A server of pages and nothing else, such as `/metrics`, on one thread.
public final class PageServer {
  private let service: HTTPService
  private let server: Server

  /// Opens the listening socket. `page` is called with each request's path, on the server's thread.
  public init(_ address: ListenAddress, page: @escaping @Sendable (_ path: String) -> Page) throws(ListenError) {
    service = HTTPService(try Listener.listeners(on: address)) { PageHandler(page) }
    server = try Server([service], loops: 1)
  }

  /// Where it listens, with the port that the kernel chose.
  public var address: ListenAddress? { service.addresses.first }

  public func start() throws(ListenError) { try server.start() }

  /// Finishes the requests under way and ends.
  public func stop() { server.stop(drainingFor: .seconds(1)) }
}

public import Platform

/// What is sent. Bodies are never copied on the way to curl.
public struct HTTPRequest {
  public enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
  }

  public var method: Method
  public var url: HTTPURL
  public var headers: HTTPHeaders
  public var body: HTTPBody
  /// Sent before the body: a frame's header.
  var bodyPrefix: [UInt8] = []
  /// Overrides the client's time without progress.
  public var timeout: Duration?
  /// The last moment, of the monotonic clock in ns, whatever moves; `nil` for none.
  public var deadline: Int64?
  /// Whether the answer is too short for its bytes to count as progress: it comes at once or not at all.
  public var hasShortAnswer = false
  /// The most bytes a response body may have after content decoding; more is `HTTPError.tooLarge`.
  public var maximumResponse: Int
  /// Lets the server compress the response; it is decoded here and the limit holds for the decoded size.
  public var acceptsCompression: Bool

  public init(
    method: Method = .get, url: HTTPURL, headers: HTTPHeaders = [:], body: HTTPBody = .empty,
    timeout: Duration? = nil, deadline: Int64? = nil, maximumResponse: Int = 64 << 20, acceptsCompression: Bool = true
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.deadline = deadline
    self.maximumResponse = maximumResponse
    self.acceptsCompression = acceptsCompression
  }
}

/// The bytes of a request.
public enum HTTPBody {
  case empty
  case bytes([UInt8])
  /// Sent one after the other. Slices share their array, so a buffer can be in many bodies at once.
  case pieces([ArraySlice<UInt8>])
  /// Like `pieces`, for bytes somebody else owns, who must keep them until `send` has returned.
  case views([ByteView])
  /// `copy(offset, buffer)` fills the buffer from `offset` on and returns how many bytes it wrote; fewer than the
  /// buffer holds is fine, 0 before the end aborts. It may be called again with a lower offset when the request has to
  /// be sent again on a fresh connection.
  case source(length: Int, copy: (_ offset: Int, _ buffer: UnsafeMutableRawBufferPointer) -> Int)

  /// Bytes in total.
  public var count: Int {
    switch self {
    case .empty: 0
    case .bytes(let bytes): bytes.count
    case .pieces(let pieces): pieces.reduce(0) { $0 + $1.count }
    case .views(let views): views.reduce(0) { $0 + $1.count }
    case .source(let length, _): length
    }
  }
}

/// What came back.
public struct HTTPResponse: Sendable {
  public var status: Int
  public var headers: HTTPHeaders
  /// Fields that came after the body (gRPC's status).
  public var trailers: HTTPHeaders
  /// Empty when a handler took the body.
  public var body: [UInt8]

  public init(status: Int, headers: HTTPHeaders = [:], trailers: HTTPHeaders = [:], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.trailers = trailers
    self.body = body
  }

  /// 200 to 299.
  public var isSuccess: Bool { (200...299).contains(status) }
}

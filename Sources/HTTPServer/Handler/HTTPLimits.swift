import Platform

/// What a client may cost, so that a bad one costs little.
public struct HTTPLimits: Sendable {
  /// Bytes of a request's body.
  public var maxRequest = 64 << 20
  /// Bytes of the request line and the header fields together.
  public var maxHeader = 16 << 10
  /// Header fields of a request.
  public var maxHeaderFields = 100
  /// Open connections over all listeners of a service. For further ones idle connections give way, the longest idle first;
  /// where there are none, they are closed at once.
  public var maxConnections = 1024
  /// Concurrent streams of an HTTP/2 connection.
  public var maxStreams = 256
  /// Bytes of request bodies held by connections that have not finished sending them.
  public var maxUnfinished = 256 << 20
  /// From the first byte of a request to the end of its header.
  public var headerTimeout: Duration = .seconds(10)
  /// Grace for a body; after it a client must have sent 1 KiB a second on average.
  public var bodyTimeout: Duration = .seconds(30)
  /// Without a request under way.
  public var idleTimeout: Duration = .seconds(300)
  /// A response of which the client takes nothing.
  public var writeTimeout: Duration = .seconds(30)
  /// Control frames (ping, settings, reset, priority, empty data) of an HTTP/2 connection in ten seconds.
  public var maxControlFrames = 2000

  public init() {}

  /// How long a body of which `received` bytes have come may take in all, in ns.
  func bodyTime(received: Int) -> Int64 {
    bodyTimeout.nanoseconds.addingSaturating(Int64(received).multipliedSaturating(by: Nanoseconds.perSecond / 1024))
  }
}

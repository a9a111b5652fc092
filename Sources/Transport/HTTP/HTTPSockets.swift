import CCurl
import Libc

/// The sockets that one client's curl handles have open, to see how much of a request is still on its way.
///
/// Invariants: curl calls back only on the thread that uses the client; connections keep a pointer to this object, which
/// therefore lives until the client has freed its handles.
final class HTTPSockets {
  private var open: Set<Int32> = []

  /// Bytes over all of them that the other side has not acknowledged; those that are idle have none.
  var unacknowledged: Int { open.reduce(0) { $0 + unacknowledgedBytes($1) } }

  /// Tells `handle` to report the sockets that it makes.
  func watch(_ handle: UnsafeMutableRawPointer) {
    _ = ccurl_set_sockets(handle, HTTPSockets.opened, HTTPSockets.closed, Unmanaged.passUnretained(self).toOpaque())
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> HTTPSockets? {
    context.map { Unmanaged<HTTPSockets>.fromOpaque($0).takeUnretainedValue() }
  }

  private static let opened: ccurl_open_function = { context, socket, _ in
    HTTPSockets.from(context)?.open.insert(socket)
    return Int32(CURL_SOCKOPT_OK)
  }

  private static let closed: ccurl_close_function = { context, socket in
    HTTPSockets.from(context)?.open.remove(socket)
    return close(socket)
  }
}

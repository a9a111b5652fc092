import Platform

extension ClientSocket {
  /// A connection to a server by way of a proxy that takes `CONNECT` (RFC 9110 section 9.3.6).
  init(through proxy: HTTPProxy, to url: HTTPURL, deadline: Deadline) throws(HTTPError) {
    let origin = url.origin
    let socket: ClientSocket
    do throws(HTTPError) {
      // 1080 is where libcurl looks for a proxy without a port.
      socket = try ClientSocket(
        host: proxy.url.bareHost, port: proxy.url.port ?? 1080, origin: origin, deadline: deadline)
    } catch {
      guard case .unreachable(_, let reason) = error else { throw error }
      throw .unreachable(origin: origin, reason: "proxy \(proxy.url.origin): \(reason)")
    }
    let target = "\(url.host):\(url.effectivePort)"
    var head = "CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\nUser-Agent: ongrid\r\n"
    if let pair = proxy.url.userInfo {
      head += "Proxy-Authorization: Basic \(Array(pair.utf8).withByteView { Base64.encode($0) })\r\n"
    }
    try socket.writeAll(Array((head + "\r\n").utf8), deadline)
    let status = try socket.readStatus(deadline)
    guard status == 407 || !(200...299).contains(status) else {
      self = socket
      return
    }
    let reason = status == 407 ? "wants other credentials" : "does not lead there"
    throw .unreachable(origin: origin, reason: "proxy \(proxy.url.origin) \(reason) (HTTP \(status))")
  }

  private func writeAll(_ bytes: [UInt8], _ deadline: Deadline) throws(HTTPError) {
    var sent = 0
    while sent < bytes.count {
      let count = try bytes.withByteView { (view) throws(HTTPError) in try write(view.dropFirst(sent)) }
      sent += count
      if count == 0 { try wait(toRead: false, toWrite: true, deadline) }
    }
  }

  /// The status of an answer, whose header fields are passed over. Nothing follows them before the client has spoken.
  private func readStatus(_ deadline: Deadline) throws(HTTPError) -> Int {
    var head: [UInt8] = []
    while head.firstRange(of: Array("\r\n\r\n".utf8)) == nil {
      let count = try withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { room throws(HTTPError) -> Int? in
        let count = try read(into: room)
        if let count { head += room[..<count] }
        return count
      }
      guard let count else {
        try wait(toRead: true, toWrite: false, deadline)
        continue
      }
      guard count > 0, head.count <= 64 << 10 else {
        throw .interrupted(origin: origin, reason: "the proxy gave no proper answer")
      }
    }
    let words = String(decoding: head.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self).split(separator: " ")
    guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
      throw .interrupted(origin: origin, reason: "the proxy gave no proper answer")
    }
    return status
  }
}

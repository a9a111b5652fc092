import CCurl

/// A result of curl, turned into an error that says in few words what happened.
struct HTTPFailure {
  var code: CURLcode
  /// curl's own message; may be empty.
  var detail: String
  /// errno of the failed system call, 0 when there was none.
  var systemError: Int32

  func error(origin: String, timeout: Duration, limit: Int) -> HTTPError {
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST: .unreachable(origin: origin, reason: "unknown host")
    case CURLE_COULDNT_RESOLVE_PROXY: .unreachable(origin: origin, reason: "unknown proxy host")
    case CURLE_COULDNT_CONNECT: .unreachable(origin: origin, reason: systemReason ?? "connection failed")
    case CURLE_OPERATION_TIMEDOUT: .noConnection(origin: origin, after: timeout)
    case CURLE_FILESIZE_EXCEEDED: .tooLarge(origin: origin, limit: limit)
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
      CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS:
      .tls(origin: origin, reason: reason)
    case CURLE_GOT_NOTHING: .interrupted(origin: origin, reason: "closed without an answer")
    case CURLE_PARTIAL_FILE: .interrupted(origin: origin, reason: "the answer is cut off")
    case CURLE_RECV_ERROR, CURLE_SEND_ERROR: .interrupted(origin: origin, reason: systemReason ?? reason)
    case CURLE_UNSUPPORTED_PROTOCOL where detail.contains("HTTP/0.9"):
      .interrupted(origin: origin, reason: "the answer is not HTTP")
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_NOT_BUILT_IN:
      .unavailable("this libcurl cannot do what \(origin) needs: \(reason)")
    case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT: .unavailable("libcurl has no memory")
    default: .interrupted(origin: origin, reason: reason)
    }
  }

  private var systemReason: String? { systemError == 0 ? nil : systemMessage(systemError) }

  private var reason: String {
    let text = (detail.isEmpty ? String(cString: ccurl_error_text(code)) : detail).trimmed
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    // curl starts a sentence; ours goes on.
    let second = line.dropFirst().first
    return second?.isLowercase == true ? line.prefix(1).lowercased() + line.dropFirst() : line
  }
}

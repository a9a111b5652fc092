import COpenSSL

/// Why TLS cannot be used, or not with this peer. Reasons are one line and hold no secret.
public enum TLSError: Error, Sendable, Equatable, CustomStringConvertible {
  /// OpenSSL is missing or out of memory.
  case unavailable(String)
  /// A certificate or key file that cannot be used.
  case file(String)
  /// The peer or its certificate is not what it should be, or ours is not for the peer.
  case refused(String)
  /// The connection broke; the number is the system's, 0 where the peer just closed.
  case broken(Int32)

  public var description: String {
    switch self {
    case .unavailable(let reason), .file(let reason), .refused(let reason): reason
    case .broken(0): "the peer has closed the connection"
    case .broken(let number): "the connection broke (error \(number))"
    }
  }

  /// What OpenSSL knows of the last call that failed.
  init(_ failure: copenssl_failure) {
    if failure.reason == Reason.verification {
      self = .refused(TLSError.certificate(failure.verification))
    } else if failure.reason == 0 || failure.reason == Reason.endOfFile {
      self = .broken(failure.is_at_end ? 0 : failure.system_error)
    } else {
      self = .refused(TLSError.text(failure))
    }
  }

  /// OpenSSL's numbers for reasons; those above 1000 are alerts of the peer.
  private enum Reason {
    static let verification: Int32 = 134
    static let endOfFile: Int32 = 294
  }

  private static func text(_ failure: copenssl_failure) -> String {
    switch failure.reason {
    // A wrong version, an HTTP answer, or lengths that no record has: what comes is no TLS.
    case 155, 156, 198, 199, 244, 267, 390: return "the server does not speak TLS"
    case 1040: return "the server refused the handshake, as some do when they miss a client certificate"
    case 1042, 1043, 1046: return "the server does not accept the client certificate"
    case 1044: return "the server says that the client certificate is revoked"
    case 1045: return "the server says that the client certificate has expired"
    case 1048: return "the server does not know who signed the client certificate"
    case 258, 1070: return "the server has no version of TLS from 1.2 on"
    case 1112: return "the server does not know this name"
    case 1116: return "the server demands a client certificate"
    case 1120: return "the server does not offer HTTP/2"
    default:
      var failure = failure
      return withUnsafeBytes(of: &failure.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
  }

  /// `X509_V_ERR_…` in words.
  private static func certificate(_ code: Int) -> String {
    switch code {
    case 9: "the server's certificate is not valid yet"
    case 10: "the server's certificate has expired"
    case 18: "the server's certificate is signed by itself and not trusted"
    case 19, 20, 21: "the server's certificate is signed by an unknown authority"
    case 62: "the server's certificate is for another name"
    case 64: "the server's certificate is not for this address"
    default: "the server's certificate: " + String(cString: copenssl_verification_text(code))
    }
  }
}

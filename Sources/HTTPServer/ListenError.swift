import Platform

/// Why a server cannot listen.
public enum ListenError: Error, Sendable, CustomStringConvertible {
  /// Text that is not an address.
  case badAddress(String)
  /// A setting that cannot be used as it is.
  case badSetting(String)
  /// A system call that a server cannot do without failed.
  case system(SystemError)
  /// A library is missing or refused to work.
  case library(String)

  /// Whether what was asked for is at fault, rather than the machine.
  public var isUsage: Bool {
    switch self {
    case .badAddress, .badSetting: true
    case .system, .library: false
    }
  }

  /// The kernel's error number; 0 when it has none.
  var code: Int32 {
    if case .system(let error) = self { return error.code }
    return 0
  }

  public var description: String {
    switch self {
    case .badAddress(let text): "'\(text)' is not an address to listen on; write HOST:PORT, such as localhost:4318"
    case .system(let error): error.description
    case .badSetting(let text), .library(let text): text
    }
  }
}

import HTTPServer
import Platform

/// Why the relay cannot start or go on.
public enum RelayError: Error, CustomStringConvertible, Sendable {
  /// The relay cannot listen where it should.
  case listening(ListenError)
  /// A system call that the relay cannot do without failed.
  case system(SystemError)
  /// A library it needs is missing or refused to work.
  case library(String)
  /// A destination that cannot be used as it is written.
  case badDestination(String, reason: String)
  /// A setting that cannot be used as it is.
  case badSetting(String)
  /// The collector that does the relay's work cannot do it.
  case collector(String)
  /// The durable queue cannot be opened or written.
  case queue(String)

  /// Whether what was asked for is at fault, rather than the machine or another service.
  public var isUsage: Bool {
    switch self {
    case .listening(let error): error.isUsage
    case .badDestination, .badSetting: true
    case .system, .library, .collector, .queue: false
    }
  }

  public var description: String {
    switch self {
    case .listening(let error): error.description
    case .system(let error): error.description
    case .library(let text), .collector(let text): text
    case .badDestination(let text, let reason): "cannot send to '\(text)': \(reason)"
    case .badSetting(let text): text
    case .queue(let text): "the queue directory cannot be used: \(text)"
    }
  }
}

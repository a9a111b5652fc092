import Libc

/// The process environment.
enum Environment {
  /// A variable's value, or nil when it is not set.
  static func value(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }
}

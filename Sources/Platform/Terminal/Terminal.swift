import Libc

/// What a terminal can show.
public enum Terminal {
  /// Whether a file descriptor is a terminal.
  public static func isTerminal(_ descriptor: Int32) -> Bool {
    isatty(descriptor) == 1
  }

  /// What `COLUMNS` says; nil without it.
  public static var columnsVariable: Int? {
    guard let columns = getenv("COLUMNS").flatMap({ Int(String(cString: $0)) }), columns > 0 else { return nil }
    return min(columns, 10_000)
  }

  /// Whether text may hold more than ASCII: the locale is not named `C` or `POSIX`, which is what it is when nothing is
  /// said of its encoding.
  public static var drawsUnicode: Bool {
    for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
      guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { continue }
      return value != "C" && value != "POSIX"
    }
    return true
  }

  /// Columns of the terminal behind a descriptor; `COLUMNS` when it does not tell, else 80.
  public static func columns(_ descriptor: Int32) -> Int {
    var size = winsize()
    if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return columnsVariable ?? 80
  }
}

/// When to use colour: `--color`.
public enum ColorChoice: String, Sendable, CaseIterable {
  case auto
  case always
  case never

  /// Whether output to a descriptor is coloured: `auto` means on a terminal, unless `NO_COLOR` is set and not empty or
  /// `TERM` is `dumb`.
  public func usesColor(on descriptor: Int32) -> Bool {
    switch self {
    case .always: true
    case .never: false
    case .auto:
      Terminal.isTerminal(descriptor) && (getenv("NO_COLOR").map { $0.pointee == 0 } ?? true)
        && getenv("TERM").map { String(cString: $0) } != "dumb"
    }
  }
}

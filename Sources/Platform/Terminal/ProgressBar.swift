import Libc

/// One line on standard error that shows how far a long piece of work is; nothing at all when that is not a terminal.
/// Owned and updated by one thread.
public struct ProgressBar: ~Copyable {
  private static let redrawInterval: Int64 = 100_000_000
  private let descriptor: Int32
  private let isShown: Bool
  private let started = monotonicNanoseconds()
  private var drawn: Int64 = .min
  private var hasLine = false

  /// - Parameter isWanted: False under `--quiet`.
  public init(isWanted: Bool = true, descriptor: Int32 = STDERR_FILENO) {
    self.descriptor = descriptor
    isShown = isWanted && Terminal.isTerminal(descriptor)
  }

  deinit {
    if hasLine { Self.write("\r\u{1B}[K", to: descriptor) }
  }

  /// Shows a new state, at most ten times a second.
  ///
  /// - Parameters:
  ///   - fraction: How much is done, 0 to 1; nil when the whole is not known.
  ///   - note: Counts and rates, built only when shown.
  public mutating func update(fraction: Double?, _ note: @autoclosure () -> String) {
    guard isShown else { return }
    let now = monotonicNanoseconds()
    guard drawn == .min || now - drawn >= Self.redrawInterval else { return }
    drawn = now
    hasLine = true
    let seconds = Nanoseconds.seconds(now - started)
    let line = Self.line(
      fraction: fraction, note: note(), elapsedSeconds: seconds, columns: Terminal.columns(descriptor) - 1)
    Self.write("\r" + line + "\u{1B}[K", to: descriptor)
  }

  /// Removes the line, so that other output starts clean.
  public mutating func clear() {
    if hasLine { Self.write("\r\u{1B}[K", to: descriptor) }
    hasLine = false
  }

  /// `[######----]  60%  note  4s left`, cut to the width.
  static func line(fraction: Double?, note: String, elapsedSeconds: Double, columns: Int) -> String {
    guard let fraction, fraction.isFinite else { return DisplayWidth.truncated(note, to: columns) }
    let done = min(max(fraction, 0), 1)
    let cells = 20
    let filled = Int((done * Double(cells)).rounded(.down))
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: cells - filled)
    let percent = String(Int(done * 100))
    var line = "[\(bar)] \(String(repeating: " ", count: 3 - percent.count))\(percent)%  \(note)"
    if done > 0.01, done < 1, elapsedSeconds >= 1 {
      let left = (elapsedSeconds / done * (1 - done)).rounded(.up)
      if left < 1e6 { line += "  \(DurationText.format(Duration.seconds(Int64(left)).nanoseconds)) left" }
    }
    return DisplayWidth.truncated(line, to: columns)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    #if canImport(Glibc)
      _ = Glibc.write(descriptor, bytes, bytes.count)
    #else
      _ = Darwin.write(descriptor, bytes, bytes.count)
    #endif
  }
}

import Platform

/// How far the reading of files is, as a line on the terminal; nothing where standard error is none.
final class InputProgress: Sendable {
  /// Who waits no longer than this sees nothing.
  private static let patience = Duration.milliseconds(400).nanoseconds

  private let bar = Monitor(ProgressBar())
  private let began = monotonicNanoseconds()

  /// What `TraceInputOptions` calls; nil where nobody would see it.
  static func callback(_ arguments: Arguments) throws(CommandError) -> (@Sendable ((read: Int, total: Int?)?) -> Void)?
  {
    guard Terminal.isTerminal(2), try !arguments[CommonOptions.quiet] else { return nil }
    let progress = InputProgress()
    return { progress.show($0) }
  }

  private func show(_ state: (read: Int, total: Int?)?) {
    guard let state else { return bar.withLock { $0.clear() } }
    guard monotonicNanoseconds() - began > InputProgress.patience else { return }
    let fraction = state.total.map { $0 > 0 ? Double(state.read) / Double($0) : 1 }
    bar.withLock { $0.update(fraction: fraction, ByteSizeText.format(state.read)) }
  }
}

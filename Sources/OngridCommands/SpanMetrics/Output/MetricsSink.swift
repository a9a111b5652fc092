import Platform

/// Where rendered metrics end up.
protocol MetricsTarget: AnyObject {
  func write(_ bytes: ByteView) throws(CommandError)
  /// Everything was written.
  func finish() throws(CommandError)
}

/// A buffer before a target, handed on whenever it is full, so that any number of series takes little memory.
struct MetricsSink: ~Copyable {
  private var buffer = ByteBuffer(capacity: 72 << 10)
  private let target: any MetricsTarget

  init(_ target: any MetricsTarget) { self.target = target }

  mutating func write(_ text: String) throws(CommandError) {
    buffer.append(text)
    if buffer.count >= 64 << 10 { try flush() }
  }

  /// A sample's value. Most are counts, which need none of what other numbers do.
  mutating func write(number: Double) throws(CommandError) { try write(MetricsNumber.plain(number)) }

  mutating func write(_ bytes: [UInt8]) throws(CommandError) {
    buffer.append(bytes)
    if buffer.count >= 64 << 10 { try flush() }
  }

  mutating func finish() throws(CommandError) {
    try flush()
    try target.finish()
  }

  private mutating func flush() throws(CommandError) {
    try target.write(buffer.view)
    buffer.removeAll()
  }
}

/// Numbers in output.
enum MetricsNumber {
  /// Shortest digits without an exponent.
  static func plain(_ value: Double) -> String {
    Int64(exactly: value).map { String($0) } ?? FloatText.fixed(value)
  }
}

/// Standard output.
final class StandardOutputTarget: MetricsTarget {
  private var output = StandardOutput()

  func write(_ bytes: ByteView) throws(CommandError) { try output.write(bytes.buffer) }
  func finish() throws(CommandError) { try output.flush() }
}

/// A file that is replaced at the end.
final class MetricsFile: MetricsTarget {
  private let path: String
  private let file: AtomicFile

  init(_ path: String) throws(CommandError) {
    self.path = path
    do throws(SystemError) { file = try AtomicFile(path) } catch { throw Self.failure(path, error) }
  }

  /// Refuses a path where no file can be written, before any work is done for it.
  static func check(_ path: String) throws(CommandError) {
    // Opening a pipe would wait for its reader.
    if let status = try? FileStatus.of(path), !status.isRegular, !status.isDirectory { return }
    _ = try MetricsFile(path)
  }

  func write(_ bytes: ByteView) throws(CommandError) {
    do throws(SystemError) { try file.write(bytes) } catch { throw Self.failure(path, error) }
  }

  func finish() throws(CommandError) {
    do throws(SystemError) { try file.commit() } catch { throw Self.failure(path, error) }
  }

  private static func failure(_ path: String, _ error: SystemError) -> CommandError {
    OutputFile.failure(path, error)
  }
}

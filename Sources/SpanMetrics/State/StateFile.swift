import Compression
import Libc
import OTLP
import Platform

/// The file in which a process keeps what it counted, and beside it (`FILE.rounds`) the rounds that their receiver has not
/// taken yet.
///
/// A round's file is the state that was saved at its end, under another name.
final class StateFile: Sendable {
  private let path: String
  private let configuration: SpanMetricsConfiguration
  private let directory: String
  /// Held as long as the process lives.
  private let lock: FileDescriptor
  private let current = Monitor(Current())

  private struct Current {
    /// The round that the file holds, while it is a round's state and not a later one.
    var round: UInt64?
    /// What the receiver has; nil while there is none to keep rounds for.
    var delivered: (@Sendable () -> Delivered)?
    var saved: Delivered?
  }

  private static let maxBytes = 1 << 30

  /// - Throws: where the file cannot be written, or another process has it.
  init(_ path: String, _ configuration: SpanMetricsConfiguration) throws(StateError) {
    self.path = path
    self.configuration = configuration
    directory = path + ".rounds"
    do throws(SystemError) {
      lock = try .openForWriting(path + ".lock", append: true)
      _ = try AtomicFile(path)
    } catch { throw StateError(description: "\(path): \(error.reason)") }
    guard flock(lock.rawValue, LOCK_EX | LOCK_NB) == 0 else {
      throw StateError(description: "\(path): another process keeps its state there")
    }
  }

  /// The state that was saved last; nil where there is none.
  func load(_ log: Log) throws(StateError) -> RestoredState? {
    guard (try? FileStatus.of(path)) != nil else { return nil }
    let restored = try read(path)
    if restored.isOtherConfiguration {
      log.warn("\(path): saved with other labels or buckets: counters start again, the inputs go on where they were")
    }
    current.withLock { current in
      current.saved = restored.state.delivered
      if restored.state.isRound { current.round = UInt64(restored.state.round) }
    }
    return restored
  }

  private func read(_ path: String) throws(StateError) -> RestoredState {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try WholeFile.read(FileDescriptor.openForReading(path), limit: Self.maxBytes)
    } catch { throw StateError(description: "\(path): \(error.reason)") }
    do throws(StateError) {
      return try bytes.withByteView { (view) throws(StateError) in try StateReader.read(view, configuration) }
    } catch {
      throw StateError(description: "\(path): not a state of this command (\(error)); remove it to start again")
    }
  }

  /// Puts a state in the place of the one before, which is kept where its round is still to be delivered.
  func save(_ state: SavedState, _ snapshot: SpanMetricsSnapshot, _ graph: ByteView) throws(StateError) {
    keepCurrent()
    var state = state
    let delivered = current.withLock { $0.delivered?() ?? $0.saved }
    state.delivered = delivered
    let bytes = try Self.encode(state, snapshot, graph, configuration)
    do throws(SystemError) {
      let file = try AtomicFile(path)
      try bytes.withByteView { (view) throws(SystemError) in try file.write(view) }
      try file.commit()
    } catch { throw StateError(description: "\(path): \(error.reason)") }
    current.withLock { $0.round = state.isRound ? UInt64(state.round) : nil }
  }

  static func encode(
    _ state: SavedState, _ snapshot: SpanMetricsSnapshot, _ graph: ByteView, _ configuration: SpanMetricsConfiguration
  ) throws(StateError) -> [UInt8] {
    var writer = StateWriter()
    writer.write(state, configuration.fingerprint)
    writer.write(snapshot)
    if !graph.isEmpty { writer.write(graph: graph) }
    do throws(CompressionError) { return try writer.finish() } catch {
      throw StateError(description: error.description)
    }
  }

  // MARK: - Rounds

  /// Keeps rounds until `delivered` says that they are not needed any more.
  func keepRounds(_ delivered: @escaping @Sendable () -> Delivered) {
    current.withLock { $0.delivered = delivered }
  }

  /// What the receiver had when the state was saved that was loaded.
  var lastDelivered: Delivered? { current.withLock { $0.saved } }

  /// Gives the state's file a second name, where it is a round that the receiver has not taken.
  func keepCurrent() {
    let number = current.withLock { current -> UInt64? in
      guard let round = current.round, let delivered = current.delivered?(), round > delivered.round else { return nil }
      return round
    }
    guard let number else { return }
    mkdir(directory, 0o755)
    link(path, file(number))
  }

  private func file(_ number: UInt64) -> String {
    let digits = String(number)
    return "\(directory)/\(String(repeating: "0", count: max(0, 12 - digits.count)))\(digits)"
  }

  /// The rounds that lie there, oldest first, with the bytes they take.
  func rounds() -> [(number: UInt64, bytes: Int)] {
    let names = (try? DirectoryListing.names(in: directory)) ?? []
    return names.compactMap { name in
      guard let number = UInt64(name), let status = try? FileStatus.of("\(directory)/\(name)") else { return nil }
      return (number, status.size)
    }
  }

  func round(_ number: UInt64) throws(StateError) -> RestoredState { try read(file(number)) }

  func removeRound(_ number: UInt64) { unlink(file(number)) }
}

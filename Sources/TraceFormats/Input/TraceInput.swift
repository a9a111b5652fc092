import OTLP
import Platform
import Synchronization

/// How traces are read.
public struct TraceInputOptions: Sendable {
  /// `nil`: detected for each file.
  public var format: TraceFormat?
  /// Whether it is known to be protobuf, one message or a stream, where `format` does not say which.
  public var isProtobuf = false
  /// The most bytes one record may take: a document, a frame, a ResourceSpans.
  public var maximumRecord = defaultMaximumRecord
  static let defaultMaximumRecord = 256 << 20
  /// Whether an end is only for now: files may grow.
  public var follow = false
  /// Where the first file is read from: what stands before was read by somebody else.
  public var start = TracePosition()
  /// Whether what can be read of damaged input is read: what is cut or broken is then counted in the findings.
  public var skipsBad = false
  /// Told after each chunk how many compressed bytes were read, and of how many where that is known; nil at the end, or
  /// when an error ends it. Called by the threads that read.
  public var progress: (@Sendable ((read: Int, total: Int?)?) -> Void)?
  /// Asked before each chunk: true ends the reading with an error.
  public var mustStop: (@Sendable () -> Bool)?

  public init() {}
}

/// A place between two records of one file.
public struct TracePosition: Sendable, Equatable {
  /// Bytes of the decompressed data that stand before it.
  public var offset: Int
  /// The line it stands on, from 1 (JSON only).
  public var line: Int

  public init(offset: Int = 0, line: Int = 1) {
    self.offset = offset
    self.line = line
  }
}

/// The traces of several files and pipes, as chunks that any thread may take.
public final class TraceInput: Sendable {
  private struct State: ~Copyable {
    var paths: [String]
    var nextPath = 0
    /// What is being read: a file that threads share, or anything else.
    var file: SharedFile?
    var blocks = 0
    var reader: TraceReader?
    /// Numbers given to chunks.
    var chunks = 0
    /// An error to be thrown when what was read before it has been given out.
    var failure: InputError?
  }

  /// What a thread gets under the lock.
  private enum Share {
    case end
    case chunk(TraceChunk)
    /// A block, to be read without the lock.
    case block(SharedFile, Int, index: Int)
  }

  private let state: Monitor<State>
  private let options: TraceInputOptions
  private let buffers = ChunkBuffers()
  /// What was noticed beside the traces.
  public let findings = InputFindings()
  private let read = Atomic<Int>(0)
  /// The sizes of the files added up, in bytes as they lie on disk; `nil` when one is a pipe.
  public let totalBytes: Int?

  /// Files in directories that are not read, in words; nil when there are none.
  public let leftOutText: String?

  /// Nothing is opened yet, except that a path that cannot be read is refused here, before any work is done.
  ///
  /// - Parameter paths: `-` is standard input; none at all is standard input too. Directories stand for the files in them.
  public init(_ paths: [String], options: TraceInputOptions = TraceInputOptions()) throws(InputError) {
    let files: TraceFiles
    do throws(SystemError) { files = try TraceFiles(paths.isEmpty ? ["-"] : paths) } catch {
      throw InputError(error.action.replacingPrefix("stat ", with: ""), .whole, error.reason)
    }
    if files.paths.isEmpty, let directory = paths.first {
      throw InputError(
        directory, .whole, "the directory holds no files to read" + (files.leftOutText.map { "; \($0)" } ?? ""))
    }
    var total: Int? = 0
    for path in files.paths {
      if path == "-" {
        total = nil
        continue
      }
      do throws(SystemError) {
        let status = try FileStatus.of(path)
        // A pipe is opened once only, when its turn comes: opening it here would end it for its writer.
        if status.isRegular, !files.found.contains(path) { _ = try FileDescriptor.openForReading(path) }
        total = status.isRegular ? total.map { $0 + status.size } : nil
      } catch {
        throw InputError(path, .whole, error.reason)
      }
    }
    totalBytes = total
    leftOutText = files.leftOutText
    self.options = options
    state = Monitor(State(paths: files.paths))
  }

  /// Compressed bytes read so far.
  public var bytesRead: Int { read.load(ordering: .relaxed) }

  /// The next chunk; `nil` when all is read (or, when following, when nothing more is there yet). Any thread may call
  /// this; the numbers of chunks ascend in the order of the input.
  public func next() throws(InputError) -> TraceChunk? {
    guard let progress = options.progress else { return try nextChunk() }
    var chunk: TraceChunk?
    defer { progress(chunk == nil ? nil : (bytesRead, totalBytes)) }
    chunk = try nextChunk()
    return chunk
  }

  private func nextChunk() throws(InputError) -> TraceChunk? {
    while true {
      if let mustStop = options.mustStop, mustStop() {
        throw InputError("the traces", .whole, "reading them took too long")
      }
      switch try state.withLock({ (state) throws(InputError) in try share(&state) }) {
      case .end: return nil
      case .chunk(let chunk): return chunk
      case .block(let file, let block, let index):
        if let chunk = try chunk(file, block, index) { return chunk }
      }
    }
  }

  private func share(_ state: inout State) throws(InputError) -> Share {
    if let failure = state.failure {
      state.failure = nil
      throw failure
    }
    while true {
      if let file = state.file {
        if state.blocks < file.blocks {
          defer {
            state.blocks += 1
            state.chunks += 1
          }
          return .block(file, state.blocks, index: state.chunks)
        }
        state.file = nil
      }
      if state.reader == nil {
        guard state.nextPath < state.paths.count else { return .end }
        let path = state.paths[state.nextPath]
        state.nextPath += 1
        if let file = SharedFile(path: path, options: options, buffers: buffers, findings: findings) {
          state.file = file
          state.blocks = 0
          continue
        }
        let start = state.nextPath == 1 ? options.start : TracePosition()
        do throws(InputError) {
          state.reader = try TraceReader(
            path: path, options: options, start: start, buffers: buffers, findings: findings)
        } catch {
          guard options.skipsBad else { throw error }
          findings.skip(error)
          continue
        }
      }
      if let chunk = try readOn(&state) { return .chunk(chunk) }
      // The last file is the one that is followed.
      if options.follow, state.nextPath == state.paths.count { return .end }
      state.reader = nil
    }
  }

  private func readOn(_ state: inout State) throws(InputError) -> TraceChunk? {
    let before = state.reader?.bytesRead ?? 0
    let chunk: TraceChunk?
    do throws(InputError) { chunk = try state.reader?.next(index: state.chunks) } catch {
      state.reader = nil
      var error = error
      error.chunk = state.chunks
      guard options.skipsBad else { throw error }
      findings.skip(error)
      return nil
    }
    read.add((state.reader?.bytesRead ?? 0) - before, ordering: .relaxed)
    if chunk != nil { state.chunks += 1 }
    return chunk
  }

  private func chunk(_ file: SharedFile, _ block: Int, _ index: Int) throws(InputError) -> TraceChunk? {
    do throws(InputError) {
      let (chunk, failure) = try file.read(block, index: index)
      read.add(chunk?.count ?? 0, ordering: .relaxed)
      guard var failure else { return chunk }
      failure.chunk = index
      if chunk == nil { throw failure }
      // What is whole is given out first; this thread comes back for the error.
      state.withLock { [failure] in $0.failure = failure }
      return chunk
    } catch {
      var error = error
      error.chunk = index
      throw error
    }
  }

  /// Whether, when following, the last `next()` met the end of the data: a file's for now, or, since its writers have
  /// gone, a pipe's.
  public var isAtEnd: Bool { state.withLock { $0.reader?.isAtEnd ?? false } }

  /// When following, what stands behind the last whole record of an input that will not go on: nothing, unless its last
  /// record was cut off, which is an error here or in decoding the chunk.
  public func rest() throws(InputError) -> TraceChunk? {
    try state.withLock { (state) throws(InputError) in try state.reader?.rest(index: state.chunks) }
  }

  /// Waits until the followed input has data, up to `milliseconds`; `false` when it has none. A file always counts as
  /// ready, which says nothing about its growth.
  public func wait(milliseconds: Int32) -> Bool {
    state.withLock { $0.reader?.wait(milliseconds: milliseconds) ?? false }
  }
}

extension String {
  fileprivate func replacingPrefix(_ prefix: String, with other: String) -> String {
    hasPrefix(prefix) ? other + dropFirst(prefix.count) : self
  }
}

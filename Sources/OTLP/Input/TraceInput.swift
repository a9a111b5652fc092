import Platform
import Synchronization

/// How traces are read.
public struct TraceInputOptions: Sendable {
  /// `nil`: detected for each file.
  public var format: TraceFormat?
  /// Whether it is known to be protobuf, one message or a stream, where `format` does not say which.
  public var isProtobuf = false
  /// The most bytes one record may take: a document, a frame, a ResourceSpans.
  public var maximumRecord = 256 << 20
  /// Whether an end is only for now: files may grow.
  public var follow = false

  public init() {}
}

/// The traces of several files and pipes, as chunks that any thread may take.
public final class TraceInput: Sendable {
  private struct State: ~Copyable {
    var paths: [String]
    var nextPath = 0
    var reader: TraceReader?
    var chunks = 0
  }

  private let state: Mutex<State>
  private let options: TraceInputOptions
  private let read = Atomic<Int>(0)
  /// The sizes of the files added up, in bytes as they lie on disk; `nil` when one is a pipe.
  public let totalBytes: Int?

  /// Nothing is opened yet, except that a path that cannot be read is refused here, before any work is done.
  ///
  /// - Parameter paths: `-` is standard input; none at all is standard input too.
  public init(_ paths: [String], options: TraceInputOptions = TraceInputOptions()) throws(InputError) {
    let paths = paths.isEmpty ? ["-"] : paths
    var total: Int? = 0
    for path in paths {
      if path == "-" {
        total = nil
        continue
      }
      do throws(SystemError) {
        let status = try FileStatus.of(path)
        // A pipe is opened once only, when its turn comes: opening it here would end it for its writer.
        if status.isRegular || status.isDirectory { _ = try FileDescriptor.openForReading(path) }
        total = status.isRegular ? total.map { $0 + status.size } : nil
      } catch {
        throw InputError(path, .whole, error.reason)
      }
    }
    totalBytes = total
    self.options = options
    state = Mutex(State(paths: paths))
  }

  /// Compressed bytes read so far.
  public var bytesRead: Int { read.load(ordering: .relaxed) }

  /// The next chunk; `nil` when all is read (or, when following, when nothing more is there yet). Any thread may call
  /// this; chunks are numbered in the order of the input.
  public func next() throws(InputError) -> TraceChunk? {
    try state.withLock { (state) throws(InputError) in
      while true {
        if state.reader == nil {
          guard state.nextPath < state.paths.count else { return nil }
          state.reader = try TraceReader(path: state.paths[state.nextPath], options: options)
          state.nextPath += 1
        }
        let before = state.reader?.bytesRead ?? 0
        let chunk: TraceChunk?
        do throws(InputError) { chunk = try state.reader?.next(index: state.chunks) } catch {
          state.reader = nil
          throw error
        }
        read.add((state.reader?.bytesRead ?? 0) - before, ordering: .relaxed)
        if let chunk {
          state.chunks += 1
          return chunk
        }
        // The last file is the one that is followed.
        if options.follow, state.nextPath == state.paths.count { return nil }
        state.reader = nil
      }
    }
  }

  /// Whether, when following, the last `next()` met the end of the data: a file's for now, or, since its writers have
  /// gone, a pipe's.
  public var isAtEnd: Bool { state.withLock { $0.reader?.isAtEnd ?? false } }

  /// Waits until the followed input has data, up to `milliseconds`; `false` when it has none. A file always counts as
  /// ready, which says nothing about its growth.
  public func wait(milliseconds: Int32) -> Bool {
    state.withLock { $0.reader?.wait(milliseconds: milliseconds) ?? false }
  }
}

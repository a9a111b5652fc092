import Compression
import Libc
import OTLP
import Platform
import Transport

/// Appends batches to a file, or writes them to standard output.
///
/// `.json` and `.jsonl` hold one OTLP/JSON document a line, everything else a stream of 4-byte big-endian lengths and
/// protobuf messages, as the collector's file exporter writes; a further `.gz` makes each batch a gzip member. All of it is
/// read back by whatever reads traces, and by `relay --once`; a file of JSON may be shared by several signals. A batch that
/// cannot be written in full leaves no part behind: what a crash left is cut off at the next start.
final class FileTarget: Target {
  let name: String
  var identity: String { name }
  let encoding = ContentEncoding.identity
  private let path: String
  /// Held while writing: several senders share the file.
  private let file: Monitor<FileDescriptor>
  private let onBrokenPipe: (@Sendable () -> Void)?
  /// Whether each record tells its signal.
  let isJSON: Bool
  private let isGzip: Bool
  private let isRegular: Bool
  private let isStandardOutput: Bool
  private let synchronizes: Bool
  /// Bytes of a batch that a crash had cut off, and that are gone now.
  let removedBytes: Int
  /// Where readers of the file come no further, whatever is appended; `nil`: nowhere.
  let damage: Int?

  /// - Parameters:
  ///   - path: `-` is standard output.
  ///   - synchronizes: whether a batch counts as delivered only once the device has it.
  ///   - onBrokenPipe: called when the reader of a pipe has gone.
  init(
    path: String, synchronizes: Bool = false, onBrokenPipe: (@Sendable () -> Void)? = nil
  ) throws(RelayError) {
    self.path = path
    self.onBrokenPipe = onBrokenPipe
    self.synchronizes = synchronizes
    var bare = path[...]
    isGzip = path.hasSuffix(".gz")
    if isGzip { bare = bare.dropLast(3) }
    isStandardOutput = path == "-"
    isJSON = isStandardOutput || bare.hasSuffix(".json") || bare.hasSuffix(".jsonl")
    name = isStandardOutput ? "standard output" : "file:\(path)"
    do throws(SystemError) {
      let descriptor =
        isStandardOutput ? FileDescriptor(1, owned: false) : try FileDescriptor.openForWriting(path, append: true)
      isRegular = try descriptor.status().isRegular
      if synchronizes, isRegular { DirectoryEntry.synchronize(path) }
      (removedBytes, damage) =
        isRegular && !isStandardOutput
        ? try FileTarget.mend(descriptor, path, isGzip ? .gzip : isJSON ? .lines : .stream) : (0, nil)
      file = Monitor(descriptor)
    } catch {
      throw .badDestination(name, reason: error.description)
    }
  }

  /// Makes the end of the file fit for more: how many bytes were cut off, and where it is damaged.
  ///
  /// Not while another process writes to it, which the lock tells: what looks cut off may be its write under way.
  private static func mend(
    _ descriptor: borrowing FileDescriptor, _ path: String, _ form: FileTail.Form
  ) throws(SystemError) -> (removed: Int, damage: Int?) {
    defer { flock(descriptor.rawValue, LOCK_SH | LOCK_NB) }
    guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else { return (0, nil) }
    let before = try descriptor.status().size
    // Before zeros there may be a part of a batch.
    while true {
      let size = try descriptor.status().size
      switch try FileTail.examine(.openForReading(path), size: size, form: form) {
      case .whole: return (before - size, nil)
      case .damaged(let offset): return (before - size, offset)
      case .torn(let offset):
        guard ftruncate(descriptor.rawValue, off_t(offset)) == 0 else { throw SystemError("shorten \(path)") }
      case .lacksNewline:
        try [UInt8(ascii: "\n")].withByteView { (newline) throws(SystemError) in try descriptor.writeAll(newline) }
        return (before - size, nil)
      case .foreign: throw SystemError("append to \(path), which does not hold OTLP messages", code: EINVAL)
      }
    }
  }

  /// Goes on in the file that has the path now: whoever rotates files renames them first.
  func reopen() throws(SystemError) {
    guard !isStandardOutput else { return }
    let fresh = try FileDescriptor.openForWriting(path, append: true)
    flock(fresh.rawValue, LOCK_SH | LOCK_NB)
    var opened: FileDescriptor? = consume fresh
    file.withLock { file in if let next = opened.take() { file = next } }
  }

  func makeExporter(cancellation: HTTPCancellation) throws(RelayError) -> any Exporter { FileExporter(self) }

  /// Encodes a batch, and writes it under the lock.
  fileprivate func write(
    _ body: OutgoingBody, _ signal: OTLPSignal, _ buffers: inout FileExporter.Buffers
  ) -> ExportOutcome {
    buffers.text.removeAll()
    if isJSON {
      do throws(WireError) {
        for piece in body.pieces {
          try OTLPJSONWriter().write(piece.view, signal, into: &buffers.text)
          buffers.text.append(UInt8(ascii: "\n"))
        }
      } catch {
        return .refused(reason: "\(error)", scope: .content)
      }
    } else {
      buffers.text.append(bigEndian: UInt32(truncatingIfNeeded: body.count))
      for piece in body.pieces { buffers.text.append(piece.view) }
    }
    if isGzip {
      do {
        var compressor = try Compressor(.gzip)
        buffers.compressed.removeAll()
        try compressor.compress(buffers.text.view, into: &buffers.compressed)
      } catch {
        return .failed(reason: "\(error)", cause: .overload)
      }
    }
    let view = isGzip ? buffers.compressed.view : buffers.text.view
    return file.withLock { append(view, to: $0) }
  }

  private func append(_ view: ByteView, to descriptor: borrowing FileDescriptor) -> ExportOutcome {
    let before = isRegular ? lseek(descriptor.rawValue, 0, Int32(SEEK_END)) : -1
    do throws(SystemError) {
      try descriptor.writeAll(view)
      if synchronizes, isRegular { try descriptor.synchronize() }
      return .delivered()
    } catch {
      if before >= 0 { _ = ftruncate(descriptor.rawValue, before) }
      if error.code == EPIPE { onBrokenPipe?() }
      // A file may find room again; whoever reads standard output is not served by waiting.
      return isStandardOutput || error.code == EPIPE
        ? .refused(reason: error.reason, scope: .destination) : .failed(reason: error.reason, cause: .overload)
    }
  }
}

/// One sender's way to a file, with its own buffers.
final class FileExporter: Exporter {
  struct Buffers: ~Copyable {
    var text = ByteBuffer(capacity: 64 << 10)
    var compressed = ByteBuffer(capacity: 16)
  }

  private let target: FileTarget
  private var buffers = Buffers()

  init(_ target: FileTarget) { self.target = target }

  func export(_ body: OutgoingBody, signal: OTLPSignal) -> ExportOutcome {
    target.write(body, signal, &buffers)
  }
}

import OTLP
import Platform
import TraceFormats

/// One file that is read as it grows, from a place on, and what is known of it.
struct FollowedFile: ~Copyable {
  let input: TraceInput
  let status: FileStatus
  private let descriptor: FileDescriptor
  private(set) var position: InputPosition

  /// Opens the file at `path`; `position` is where it was read up to before.
  static func open(
    _ path: String, _ options: TraceInputOptions, resuming position: InputPosition? = nil
  ) throws(InputError) -> FollowedFile {
    let descriptor = try descriptor(path)
    let status: FileStatus
    do throws(SystemError) { status = try descriptor.status() } catch { throw InputError(path, .whole, error.reason) }
    var options = options
    var position = position ?? InputPosition(path: path)
    position.device = status.device
    position.inode = status.inode
    options.start = position.place
    return FollowedFile(try TraceInput([path], options: options), status, descriptor, position)
  }

  private static func descriptor(_ path: String) throws(InputError) -> FileDescriptor {
    do throws(SystemError) { return try .openForReading(path) } catch { throw InputError(path, .whole, error.reason) }
  }

  private init(
    _ input: TraceInput, _ status: FileStatus, _ descriptor: consuming FileDescriptor, _ position: InputPosition
  ) {
    self.input = input
    self.status = status
    self.descriptor = descriptor
    self.position = position
  }

  /// Notes that everything before `place` was read.
  mutating func advance(to place: TracePosition) {
    position.place = place
    if position.head.count < InputPosition.headSize { position.head = Self.head(descriptor) }
  }

  private static func head(_ descriptor: borrowing FileDescriptor) -> [UInt8] {
    var buffer = ByteBuffer(capacity: InputPosition.headSize)
    buffer.append(upTo: InputPosition.headSize) { (try? descriptor.read(into: $0, at: 0)) ?? 0 }
    return Array(buffer.view)
  }

  /// Whether the path now names another file, or the file was emptied: it is read from its beginning then.
  func wasReplaced(by now: FileStatus) -> Bool { isOther(now) || now.size < input.bytesRead }

  func isOther(_ now: FileStatus) -> Bool { now.device != status.device || now.inode != status.inode }

  /// Where the file that was read up to `position` is now: at its path, or in the same directory under another name.
  static func find(_ position: InputPosition) -> String? {
    func isIt(_ path: String) -> Bool {
      guard let status = try? FileStatus.of(path), status.isRegular, status.device == position.device,
        status.inode == position.inode, let descriptor = try? FileDescriptor.openForReading(path)
      else { return false }
      let head = head(descriptor)
      return head.count >= position.head.count && head.prefix(position.head.count).elementsEqual(position.head)
    }
    if isIt(position.path) { return position.path }
    let slash = position.path.lastIndex(of: "/")
    let directory = slash.map { $0 == position.path.startIndex ? "/" : String(position.path[..<$0]) } ?? "."
    let prefix = slash.map { String(position.path[...$0]) } ?? ""
    guard let names = try? DirectoryListing.names(in: directory) else { return nil }
    return names.lazy.map { prefix + $0 }.first(where: isIt)
  }
}

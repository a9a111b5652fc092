import Libc
import OTLP
import Platform

/// What a queue directory holds, for people: while a relay uses it, and while none does.
public struct QueueInspection {
  /// What waits for one destination.
  public struct Waiting: Sendable {
    /// How the queue knows the destination; empty where that is lost.
    public let identity: String
    public let requests: Int
    public let items: Int
    public let bytes: Int
    /// When the oldest was accepted; `nil` when nothing waits.
    public let since: Timestamp?
    fileprivate let bit: Int64
  }

  /// A file of what a destination refused.
  public struct Letter: Sendable {
    public let path: String
    public let size: Int
    /// `nil` for one that an earlier version wrote.
    public let note: DeadLetterNote?
  }

  /// What became of an order to a queue.
  public enum Outcome: Sendable {
    case done
    /// The relay that uses the directory will do it.
    case ordered
  }

  public let directory: String
  /// Whether a relay uses the directory.
  public let isInUse: Bool
  /// Bytes of the queue's file, and of those how many are free.
  public let fileBytes: Int
  public let freeBytes: Int
  public let waiting: [Waiting]
  /// Requests of traces that a policy has not judged yet.
  public let undecided: (requests: Int, bytes: Int)
  public let letters: [Letter]
  private let store: QueueStore

  /// Reads what there is. Nothing is made: a directory without a queue is an error.
  public init(_ directory: String) throws(RelayError) {
    self.directory = directory
    let path = QueueDirectory.queue(directory)
    guard access(path, F_OK) == 0 else { throw .queue("\(directory) holds no queue: \(SystemError("").reason)") }
    isInUse = QueueDirectory.isInUse(directory)
    do throws(SQLiteDatabase.Failure) {
      store = try QueueStore(path: path)
      let names = try store.destinations()
      let used = try store.usedBits()
      var found: [Waiting] = []
      for bit in Int64(0)..<62 where names[bit] != nil || used & 1 << bit != 0 {
        let sum = try store.summary(bit: 1 << bit)
        found.append(
          Waiting(
            identity: names[bit] ?? "", requests: sum.requests, items: sum.items, bytes: sum.bytes,
            since: sum.requests == 0
              ? nil : Timestamp(nanoseconds: sum.accepted.multipliedSaturating(by: Nanoseconds.perSecond)),
            bit: 1 << bit))
      }
      waiting = found
      undecided = try store.undecidedSize()
      (fileBytes, freeBytes) = try store.room()
    } catch {
      throw .queue("\(directory): \(error)")
    }
    letters = QueueInspection.letters(in: QueueDirectory.deadLetters(directory))
  }

  private static func letters(in path: String) -> [Letter] {
    let names = (try? DirectoryListing.names(in: path)) ?? []
    return names.compactMap { name in
      let file = "\(path)/\(name)"
      guard !name.hasSuffix(DeadLetterNote.suffix), !name.hasSuffix(".tmp"), let status = try? FileStatus.of(file),
        status.isRegular
      else { return nil }
      return Letter(path: file, size: status.size, note: DeadLetters.note(of: file))
    }
  }

  /// Calls `body` with each request that waits for one of `chosen`, once.
  public func forEachRequest(
    for chosen: [Waiting], _ body: (OTLPSignal, ByteView) throws -> Void
  ) throws {
    let bits = chosen.reduce(Int64(0)) { $0 | $1.bit }
    var row: Int64 = 0
    while true {
      var rows: [Int64] = []
      guard let end = try store.scan(after: row, limit: 64, { if $0.remaining & bits != 0 { rows.append($0.row) } })
      else {
        return
      }
      row = end
      for row in rows {
        for payload in try store.load(row...row, bit: bits, accepted: 0) {
          try body(payload.signal, payload.message().view)
        }
      }
    }
  }

  /// Calls `body` with each request of a dead letter.
  public func forEachRequest(of letter: Letter, _ body: (OTLPSignal, ByteView) throws -> Void) throws {
    for payload in try DurableQueue.read(letter.path, letter.note?.signal ?? OTLPSignal(fileName: letter.path)) {
      try body(payload.signal, payload.message().view)
    }
  }

  /// Forgets what waits for a destination.
  public func drop(_ chosen: Waiting) throws(RelayError) -> Outcome {
    if isInUse {
      try QueueOrders.add(drop: chosen.identity, in: directory)
      return .ordered
    }
    do throws(SQLiteDatabase.Failure) {
      try store.begin()
      do throws(SQLiteDatabase.Failure) {
        try store.drop(bit: chosen.bit)
        try store.commit()
      } catch {
        store.rollback()
        throw error
      }
    } catch {
      throw .queue(error.description)
    }
    return .done
  }

  /// Removes a dead letter and its note.
  public func drop(_ letter: Letter) throws(RelayError) {
    if unlink(letter.path) != 0 { throw .system(SystemError("remove \(letter.path)")) }
    unlink(letter.path + DeadLetterNote.suffix)
  }

  /// Puts a dead letter back into the queue of the destination that refused it: at once where a relay runs, else at its
  /// next start.
  public func replay(_ letter: Letter) throws(RelayError) { try QueueOrders.add(replay: letter.path, in: directory) }

  /// Makes the file as small as its content; not while a relay uses it, which does so by itself.
  public func compact() throws(RelayError) -> Outcome {
    if isInUse { return .ordered }
    do throws(SQLiteDatabase.Failure) { try store.compact() } catch { throw .queue(error.description) }
    return .done
  }
}

/// What others ask of the relay that uses a directory: files that it looks for now and then, and at its start.
enum QueueOrders {
  private static func directory(_ path: String) -> String { "\(path)/orders" }

  private static func make(_ path: String) throws(RelayError) -> String {
    let orders = directory(path)
    if mkdir(orders, 0o700) != 0, errno != EEXIST { throw .system(SystemError("make directory \(orders)")) }
    return orders
  }

  static func add(replay letter: String, in path: String) throws(RelayError) {
    let target = "\(try make(path))/\(letter.split(separator: "/").last ?? "")"
    // The note goes first, so that no letter is without.
    _ = rename(letter + DeadLetterNote.suffix, target + DeadLetterNote.suffix)
    if rename(letter, target) != 0 {
      let error = SystemError("move \(letter)")
      _ = rename(target + DeadLetterNote.suffix, letter + DeadLetterNote.suffix)
      throw .system(error)
    }
  }

  static func add(drop identity: String, in path: String) throws(RelayError) {
    let orders = try make(path)
    do throws(SystemError) {
      let file = try AtomicFile("\(orders)/\(getpid())-\(monotonicNanoseconds()).drop", mode: 0o600)
      try Array(identity.utf8).withByteView { (view) throws(SystemError) in try file.write(view) }
      try file.commit()
    } catch {
      throw .system(error)
    }
  }

  enum Order {
    case drop(identity: String, path: String)
    case replay(path: String)
  }

  /// The orders that wait, oldest names first.
  static func pending(in path: String) -> [Order] {
    let orders = directory(path)
    guard access(orders, F_OK) == 0, let names = try? DirectoryListing.names(in: orders) else { return [] }
    return names.compactMap { name in
      let file = "\(orders)/\(name)"
      if name.hasSuffix(".tmp") || name.hasSuffix(DeadLetterNote.suffix) { return nil }
      if name.hasSuffix(".drop") {
        guard let descriptor = try? FileDescriptor.openForReading(file),
          let text = try? WholeFile.read(descriptor, limit: 64 << 10)
        else { return nil }
        return .drop(identity: String(decoding: text, as: UTF8.self), path: file)
      }
      return .replay(path: file)
    }
  }
}

import OTLP
import Platform
import Synchronization
import TraceFormats

/// The requests of an input for as long as a query looks at them: in memory, or, where a file can be read again, only
/// where they stand in it.
///
/// Invariant: every view in `requests` points into an object in `owners`, which are kept as long as this is.
final class KeptRequests {
  private(set) var requests: [ByteView] = []
  private(set) var places: [(chunk: TraceChunk.Place, requests: [Range<Int>])] = []
  private var owners: [AnyObject] = []
  /// Of the chunk that `places` ends with.
  private var lastIndex = -1

  /// Keeps a request, and gives it back as it can be read now. One that stands in the chunk itself is kept in place, any
  /// other is copied. `hold` is told of the memory that this takes.
  func keep(_ request: RequestView, of chunk: TraceChunk, _ hold: (Int) -> Void) -> ByteView {
    if chunk.holds(request.bytes) {
      if let place = chunk.place {
        if lastIndex != chunk.index {
          places.append((place, []))
          lastIndex = chunk.index
        }
        places[places.count - 1].requests.append(chunk.range(of: request.bytes))
        return request.bytes
      }
      if owners.last !== chunk {
        owners.append(chunk)
        hold(chunk.count)
      }
      requests.append(request.bytes)
      return request.bytes
    }
    hold(request.bytes.count)
    var copy = ByteBuffer(capacity: request.bytes.count)
    copy.append(request.bytes)
    return keep(OwnedBytes(copy))
  }

  /// Keeps a request with its memory.
  func keep(_ request: OwnedBytes) -> ByteView {
    owners.append(request)
    requests.append(request.view)
    return request.view
  }
}

/// Bytes that were copied out of what is not kept, in a few large blocks.
///
/// Invariant: a block is never moved, and freed with the last who holds it; what was handed out is never changed.
/// `@unchecked Sendable`: one thread appends, and others read once that is over.
final class ByteArena: @unchecked Sendable {
  private var blocks: [UnsafeMutableRawBufferPointer] = []
  private var used = 0
  private static let blockSize = 256 << 10
  /// Bytes in all blocks.
  private(set) var allocated = 0

  deinit { for block in blocks { block.deallocate() } }

  /// A copy of some bytes.
  func copy(_ bytes: ByteView) -> ByteView {
    if bytes.isEmpty { return .empty }
    if blocks.isEmpty || blocks[blocks.count - 1].count - used < bytes.count {
      let size = max(ByteArena.blockSize, bytes.count)
      blocks.append(.allocate(byteCount: size, alignment: 8))
      allocated += size
      used = 0
    }
    let room = UnsafeMutableRawBufferPointer(rebasing: blocks[blocks.count - 1][used..<(used + bytes.count)])
    room.copyMemory(from: bytes.buffer)
    used += bytes.count
    return ByteView(UnsafeRawBufferPointer(room))
  }
}

/// What the threads of a query tell each other.
final class QueryControl: Sendable {
  private let isStopped = Atomic<Bool>(false)
  private let first = Monitor<(index: Int, error: EngineError)?>(nil)
  private let used = Atomic<Int>(0)
  /// The most bytes a query may hold.
  let memoryLimit: Int

  init(memoryLimit: Int) { self.memoryLimit = memoryLimit }

  var shouldStop: Bool { isStopped.load(ordering: .relaxed) }
  var failure: EngineError? { first.withLock { $0?.error } }

  /// Notes an error; of several the one earliest in the input is kept.
  func fail(_ error: EngineError, at index: Int = .max) {
    first.withLock { if $0 == nil || index < $0?.index ?? .max { $0 = (index, error) } }
    isStopped.store(true, ordering: .relaxed)
  }

  /// Accounts for memory that is held from now on.
  func hold(_ bytes: Int) throws(EngineError) {
    if used.add(bytes, ordering: .relaxed).newValue > memoryLimit { throw .memory(limit: memoryLimit) }
  }

  /// As `hold`, noting the error instead of throwing it.
  func holdOrFail(_ bytes: Int) {
    do throws(EngineError) { try hold(bytes) } catch { fail(error) }
  }
}

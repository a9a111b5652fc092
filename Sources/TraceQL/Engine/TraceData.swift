import OTLP
import Platform
import Synchronization
import TraceFormats

/// The requests of an input, kept in memory for as long as a query looks at them.
///
/// Invariant: every view in `requests` points into an object in `owners`, which are kept as long as this is.
final class KeptRequests {
  private(set) var requests: [ByteView] = []
  private var owners: [AnyObject] = []
  private(set) var bytes = 0

  /// Keeps a request. One that stands in the chunk itself is kept in place, any other is copied.
  func keep(_ request: RequestView, of chunk: TraceChunk) -> ByteView {
    bytes += request.bytes.count
    if chunk.holds(request.bytes) {
      if owners.last !== chunk { owners.append(chunk) }
      requests.append(request.bytes)
    } else {
      var copy = ByteBuffer(capacity: request.bytes.count)
      copy.append(request.bytes)
      let owned = OwnedBytes(copy)
      owners.append(owned)
      requests.append(owned.view)
    }
    return requests[requests.count - 1]
  }

  /// Keeps a request with its memory.
  func keep(_ request: OwnedBytes) -> ByteView {
    bytes += request.view.count
    owners.append(request)
    requests.append(request.view)
    return request.view
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

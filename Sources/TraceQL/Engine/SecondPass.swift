import OTLP
import Platform
import TraceFormats

/// The traces that are put together, by trace id. Read by several threads, changed by none.
final class ChosenTraces: Sendable {
  private let table: FrozenTable
  let count: Int

  /// `@unchecked Sendable`: never changed once it is here.
  private final class FrozenTable: @unchecked Sendable {
    let keys: KeyTable
    init(_ keys: consuming KeyTable) { self.keys = keys }
  }

  init(_ keys: consuming KeyTable) {
    count = keys.count
    table = FrozenTable(keys)
  }

  func index(of traceID: ByteView) -> Int? { table.keys.find(traceID) }
  func traceID(_ index: Int) -> ByteView { table.keys.key(index) }
}

/// Collects the spans of the chosen traces, on one thread.
///
/// `@unchecked Sendable`: as for `FirstPass`.
final class SecondPass: @unchecked Sendable {
  private let chosen: ChosenTraces
  private let control: QueryControl
  private(set) var records: ContiguousArray<SpanRecord> = []
  private(set) var contexts: ContiguousArray<SpanContext> = []
  private var accounted = 0
  /// Where spans live that were read out of a file once more.
  let arena = ByteArena()

  init(_ chosen: ChosenTraces, _ control: QueryControl) {
    self.chosen = chosen
    self.control = control
  }

  /// Collects from requests that have to be read again.
  func consume(_ requests: [Range<Int>], of place: TraceChunk.Place) throws(EngineError) {
    do throws(InputError) {
      try place.withBytes { bytes in
        for request in requests where request.upperBound <= bytes.count { collect(bytes[request], copies: true) }
      }
    } catch { throw .input(error) }
    try account()
  }

  /// Collects from a request that stays where it is.
  func consume(_ request: ByteView) throws(EngineError) {
    collect(request, copies: false)
    try account()
  }

  /// What cannot be read is left out: the first pass has read all that it looked at.
  private func collect(_ request: ByteView, copies: Bool) {
    do throws(WireError) {
      var resources = RequestView(request).resourceSpans
      while let resource = try resources.next() {
        var scopes = resource.scopeSpans
        while let scope = try scopes.next() {
          var context: Int32 = -1
          var spans = RepeatedField<RawMessage>(scope.bytes, field: 2)
          while let span = try spans.next() {
            guard let trace = chosen.index(of: try SecondPass.traceID(of: span.bytes)) else { continue }
            if context < 0 {
              context = Int32(truncatingIfNeeded: contexts.count)
              contexts.append(try self.context(resource.resource, scope.scope, copies: copies))
            }
            let bytes = copies ? arena.copy(span.bytes) : span.bytes
            let header = try SpanHeader(bytes, needsStatus: false)
            records.append(SpanRecord(bytes, header, trace: Int32(truncatingIfNeeded: trace), context: context))
          }
        }
      }
    } catch {}
  }

  private func context(_ resource: ResourceView, _ scope: ScopeView, copies: Bool) throws(WireError) -> SpanContext {
    guard copies else { return SpanContext(resource: resource, scope: scope, service: try resource.serviceName) }
    // Scopes of one resource share its copy.
    if copiedFrom != resource.bytes.start || copied.bytes != resource.bytes {
      copied = try ResourceView(arena.copy(resource.bytes))
      copiedFrom = resource.bytes.start
    }
    return SpanContext(
      resource: copied, scope: try ScopeView(arena.copy(scope.bytes)), service: try copied.serviceName)
  }

  private var copied = ResourceView.none
  private var copiedFrom: UnsafeRawPointer?

  private func account() throws(EngineError) {
    if records.count - accounted > 4096 {
      // Twice: once here, once sorted by trace.
      try control.hold((records.count - accounted) * 2 * MemoryLayout<SpanRecord>.stride)
      accounted = records.count
    }
    if arena.allocated > accountedArena {
      try control.hold(arena.allocated - accountedArena)
      accountedArena = arena.allocated
    }
  }

  private var accountedArena = 0

  /// The trace id, which is the first field in what every encoder writes.
  @inline(__always)
  private static func traceID(of span: ByteView) throws(WireError) -> ByteView {
    if span.count >= 18, span[0] == 0x0a, span[1] == 16 { return ByteView(start: span.start + 2, count: 16) }
    return try SpanHeader(span, needsStatus: false).traceID
  }
}

/// The spans of the chosen traces, those of a trace side by side.
///
/// `@unchecked Sendable`: only read once it is built. The views in it point into `kept` or `arenas`, which live as long as this.
final class GroupedSpans: @unchecked Sendable {
  let records: ContiguousArray<SpanRecord>
  let contexts: ContiguousArray<SpanContext>
  /// The spans of trace `i` are `bounds[i]..<bounds[i + 1]`.
  let bounds: ContiguousArray<Int>
  private let kept: [KeptRequests]
  private let arenas: [ByteArena]

  init(_ passes: [SecondPass], traces: Int, kept: [KeptRequests]) {
    self.kept = kept
    arenas = passes.map(\.arena)
    var bounds = ContiguousArray(repeating: 0, count: traces + 1)
    for pass in passes { for record in pass.records { bounds[Int(record.trace) + 1] += 1 } }
    for index in 0..<traces { bounds[index + 1] += bounds[index] }
    var next = bounds
    var contexts: ContiguousArray<SpanContext> = []
    let total = bounds[traces]
    records = ContiguousArray(unsafeUninitializedCapacity: total) { buffer, count in
      for pass in passes {
        let shift = Int32(truncatingIfNeeded: contexts.count)
        contexts += pass.contexts
        for var record in pass.records {
          record.context += shift
          let place = next[Int(record.trace)]
          next[Int(record.trace)] += 1
          buffer.initializeElement(at: place, to: record)
        }
      }
      count = total
    }
    self.contexts = contexts
    self.bounds = bounds
  }
}

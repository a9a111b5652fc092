import OTLP
import Platform
import Relay
import TraceQL

/// A message that is not read any further than is needed: what the receiver has not looked into must not keep the rest
/// from being judged.
struct EncodedMessage: WireMessage {
  let bytes: ByteView
  init(_ message: ByteView) { bytes = message }

  /// The trace id of a span, which is the first field in what every encoder writes; empty without one.
  var traceID: ByteView {
    if bytes.count >= 18, bytes[0] == 0x0a, bytes[1] == 16 { return bytes[2..<18] }
    var found = ByteView.empty
    var cursor = WireCursor(bytes)
    while let tag = (try? cursor.nextTag()) ?? nil {
      if tag == WireTag(field: 1, .lengthDelimited) {
        found = (try? cursor.bytes()) ?? found
      } else if (try? cursor.skip(tag)) == nil {
        break
      }
    }
    return found
  }
}

/// Reads requests span by span, with what the filters say of each, on one thread at a time.
///
/// `@unchecked Sendable`: a pool hands each to one thread at a time.
final class SampledSpanReader: @unchecked Sendable {
  struct Arrival {
    let key: TraceKey
    let hash: UInt64
    let span: ByteView
    /// The number of its header in `headers`.
    let header: Int
    let mask: UInt64
  }

  private let matcher: SpanFilterMatcher?
  private var cache: HeaderCache
  private var resource = ByteBuffer(capacity: 1024)
  private var scope = ByteBuffer(capacity: 256)
  /// Of the request read last.
  private(set) var headers: [ScopeHeader] = []
  /// What of it is dropped is not here: the others by shard.
  private(set) var arrivals: [[Arrival]]
  /// Where what goes on is put together.
  var kept: RequestBuilder
  /// Verdicts for the disk.
  var verdicts: [UInt8] = []
  var settledRows: [Int64] = []

  init(_ filters: SpanFilters?, shards: Int, held: Counter, _ settings: TraceSampler.Settings) {
    matcher = filters.map { SpanFilterMatcher($0) }
    cache = HeaderCache(held: held)
    arrivals = Array(repeating: [], count: shards)
    kept = RequestBuilder(maxItems: settings.batchItems, maxBytes: settings.batchBytes)
  }

  /// Whether a regular expression was given up on a value.
  var reachedRegexLimit: Bool { matcher?.reachedRegexLimit ?? false }

  /// Calls `body` with each span, the number of its header and its mask. Where filters cannot be put to a span, it has
  /// matched none, and `unreadable` counts it.
  func forEachSpan(
    in request: ByteView, unreadable: Counter, _ body: (EncodedMessage, Int, UInt64) -> Void
  ) throws(WireError) {
    headers.removeAll(keepingCapacity: true)
    var resources = RepeatedField<EncodedMessage>(request, field: 1)
    while let resourceSpans = try resources.next() {
      resource.removeAll()
      try ScopeHeader.appendFields(of: resourceSpans.bytes, but: 2, to: &resource)
      let isReadable = enter { (matcher) throws(WireError) in
        try matcher.enter(resource: ResourceSpansView(resourceSpans.bytes).resource)
      }
      var scopes = RepeatedField<EncodedMessage>(resourceSpans.bytes, field: 2)
      while let scopeSpans = try scopes.next() {
        scope.removeAll()
        try ScopeHeader.appendFields(of: scopeSpans.bytes, but: 2, to: &scope)
        headers.append(cache.header(resource: resource.view, scope: scope.view))
        let isScopeReadable =
          isReadable
          && enter { (matcher) throws(WireError) in try matcher.enter(scope: ScopeSpansView(scopeSpans.bytes).scope) }
        var spans = RepeatedField<EncodedMessage>(scopeSpans.bytes, field: 2)
        while let span = try spans.next() {
          body(span, headers.count - 1, mask(of: span, isScopeReadable, unreadable))
        }
      }
    }
  }

  private func enter(_ body: (SpanFilterMatcher) throws(WireError) -> Void) -> Bool {
    guard let matcher else { return true }
    do throws(WireError) { try body(matcher) } catch { return false }
    return true
  }

  private func mask(of span: EncodedMessage, _ isReadable: Bool, _ unreadable: Counter) -> UInt64 {
    guard let matcher else { return 0 }
    do throws(WireError) {
      if isReadable { return try matcher.mask(of: span.bytes) }
    } catch {}
    unreadable.add(1)
    return 0
  }

  func add(_ arrival: Arrival, shard: Int) { arrivals[shard].append(arrival) }

  /// Forgets a shard's arrivals, and gives back room that an unusually large request needed.
  func clear(shard: Int) { arrivals[shard].removeAll(keepingCapacity: arrivals[shard].capacity < 4096) }

  /// Notes a verdict for the disk: the id and the packed verdict, the most significant byte last.
  func note(_ key: TraceKey, _ verdict: Verdict) {
    withUnsafeBytes(of: key.id.littleEndian) { verdicts.append(contentsOf: $0) }
    withUnsafeBytes(of: verdict.packed.littleEndian) { verdicts.append(contentsOf: $0) }
  }

  /// Calls `body` with the verdicts that `note` wrote.
  static func forEachVerdict(_ bytes: ByteView, _ body: (TraceKey, Verdict) -> Void) {
    var rest = bytes
    while rest.count >= 24 {
      let id = UInt128(littleEndian: rest.start.loadUnaligned(as: UInt128.self))
      let packed = UInt64(littleEndian: (rest.start + 16).loadUnaligned(as: UInt64.self))
      if let verdict = Verdict(packed: packed) { body(TraceKey(id: id), verdict) }
      rest = rest.dropFirst(24)
    }
  }

  /// What has come together since the last call.
  func takeOutcome() -> StageOutcome {
    var outcome = StageOutcome()
    if !kept.isEmpty { outcome.kept = kept.take() }
    swap(&outcome.verdicts, &verdicts)
    swap(&outcome.settledRows, &settledRows)
    return outcome
  }
}

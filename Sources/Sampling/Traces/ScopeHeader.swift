import OTLP
import Platform
import Relay

/// What spans of one resource and scope share, as it is encoded: the fields of ResourceSpans and of ScopeSpans without
/// what they are lists of. Counts itself while it is held.
final class ScopeHeader: Sendable {
  let resource: [UInt8]
  let scope: [UInt8]
  private let held: Counter
  private static let overhead = 128

  init(resource: [UInt8], scope: [UInt8], held: Counter) {
    self.resource = resource
    self.scope = scope
    self.held = held
    held.add(size)
  }

  deinit { held.subtract(size) }

  private var size: Int { resource.count + scope.count + ScopeHeader.overhead }

  /// Appends the fields of `message` that are not `field`, as they are encoded.
  static func appendFields(of message: ByteView, but field: Int, to out: inout ByteBuffer) throws(WireError) {
    var cursor = WireCursor(message)
    var start = cursor.position
    while let tag = try cursor.nextTag() {
      try cursor.skip(tag)
      if tag.field != field { out.append(ByteView(start: start, end: cursor.position)) }
      start = cursor.position
    }
  }
}

/// The headers that came last, so that what many requests share is kept once. For one thread.
struct HeaderCache {
  private var entries: [ScopeHeader?] = Array(repeating: nil, count: 64)
  private let held: Counter

  init(held: Counter) { self.held = held }

  /// The header with these fields.
  mutating func header(resource: ByteView, scope: ByteView) -> ScopeHeader {
    var hash: UInt64 = UInt64(resource.count) << 32 ^ UInt64(scope.count)
    for part in [resource, scope] {
      var at = 0
      while at + 8 <= part.count {
        hash = (hash ^ (part.start + at).loadUnaligned(as: UInt64.self)) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 29
        at += 8
      }
    }
    let place = Int(truncatingIfNeeded: hash >> 58)
    if let known = entries[place], HeaderCache.equal(known.resource, resource), HeaderCache.equal(known.scope, scope) {
      return known
    }
    let header = ScopeHeader(resource: [UInt8](resource), scope: [UInt8](scope), held: held)
    entries[place] = header
    return header
  }

  private static func equal(_ bytes: [UInt8], _ view: ByteView) -> Bool {
    bytes.count == view.count && view.hasPrefix(bytes)
  }
}

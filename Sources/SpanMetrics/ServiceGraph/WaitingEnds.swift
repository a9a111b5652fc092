/// Call ends that wait for their counterpart, oldest first.
///
/// Invariants: `entries` in use form a list from `oldest` to `newest` through `next` and `previous`; those free form one
/// from `free` through `next`; `none` ends a list. `index` holds exactly the entries in use.
struct WaitingEnds: ~Copyable {
  private struct Entry {
    var end: CallEnd
    /// When it came, by the clock that `ServiceGraph` is given, ns.
    var arrived: Int64
    var next: Int32
    var previous: Int32
  }

  private static let none: Int32 = -1
  private var entries: [Entry] = []
  private var index = HashIndex()
  private var oldest = none
  private var newest = none
  private var free = none
  private(set) var count = 0
  private let limit: Int
  private let seed = UInt64.random(in: .min ... .max)

  init(limit: Int) { self.limit = max(1, limit) }

  private static func hash(_ key: CallEnd.Key, _ seed: UInt64) -> UInt64 {
    ByteHash.mix(ByteHash.mix(key.trace.low ^ seed, key.trace.high), key.span)
  }

  /// The end that waits under `key`.
  func find(_ key: CallEnd.Key) -> (position: Int, end: CallEnd)? {
    index.find(Self.hash(key, seed)) { entries[$0].end.key == key }.map { ($0, entries[$0].end) }
  }

  /// Replaces the end at `position`, keeping its place in the order.
  mutating func replace(_ position: Int, _ end: CallEnd) { entries[position].end = end }

  mutating func remove(_ position: Int) {
    index.remove(Self.hash(entries[position].end.key, seed), position) { [entries, seed] in
      Self.hash(entries[$0].end.key, seed)
    }
    let entry = entries[position]
    if entry.previous == Self.none { oldest = entry.next } else { entries[Int(entry.previous)].next = entry.next }
    if entry.next == Self.none { newest = entry.previous } else { entries[Int(entry.next)].previous = entry.previous }
    entries[position].next = free
    free = Int32(position)
    count -= 1
  }

  /// Adds an end under a key that none waits under; returns the oldest one if it had to make room.
  mutating func add(_ end: CallEnd, at time: Int64) -> CallEnd? {
    let evicted = count >= limit ? removeOldest() : nil
    let position: Int
    let entry = Entry(end: end, arrived: time, next: Self.none, previous: newest)
    if free == Self.none {
      position = entries.count
      entries.append(entry)
    } else {
      position = Int(free)
      free = entries[position].next
      entries[position] = entry
    }
    if newest == Self.none { oldest = Int32(position) } else { entries[Int(newest)].next = Int32(position) }
    newest = Int32(position)
    count += 1
    index.insert(Self.hash(end.key, seed), position) { [entries, seed] in Self.hash(entries[$0].end.key, seed) }
    return evicted
  }

  /// Takes out the oldest end if it came at `time` or before.
  mutating func removeOldest(arrivedBy time: Int64 = .max) -> CallEnd? {
    guard oldest != Self.none, entries[Int(oldest)].arrived <= time else { return nil }
    let end = entries[Int(oldest)].end
    remove(Int(oldest))
    return end
  }

  /// All ends, oldest first.
  func forEach(_ body: (CallEnd) -> Void) {
    var position = oldest
    while position != Self.none {
      body(entries[Int(position)].end)
      position = entries[Int(position)].next
    }
  }
}

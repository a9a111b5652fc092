import OTLP

/// Puts requests that arrive together into packs, each of which becomes a row of the durable queue.
struct PackBuilder {
  /// Requests of one signal and one form, for the same destinations.
  struct Pack {
    let destinations: [Destination]
    /// The bits of the destinations.
    let remaining: Int64
    let isGzip: Bool
    var payloads: [Payload] = []
    var items = 0
    var bytes = 0
    var plainSize = 0
  }

  private let limit: PackLimit
  private(set) var packs: [Pack] = []
  /// Packs that more can be added to.
  private var open: [Int] = []

  init(_ limit: PackLimit) { self.limit = limit }

  mutating func add(_ payloads: [Payload], for destinations: [Destination], remaining: Int64) {
    for payload in payloads { add(payload, destinations, remaining) }
  }

  private mutating func add(_ payload: Payload, _ destinations: [Destination], _ remaining: Int64) {
    let isGzip = payload.gzip != nil
    let place = open.firstIndex { index in
      packs[index].remaining == remaining && packs[index].isGzip == isGzip
        && packs[index].payloads.first?.signal == payload.signal
    }
    if let place {
      let index = open[place]
      if limit.holds(
        items: packs[index].items + payload.items, bytes: packs[index].bytes + payload.heldBytes,
        plainSize: packs[index].plainSize + payload.plainSize)
      {
        append(payload, to: index)
        return
      }
      open.remove(at: place)
    }
    open.append(packs.count)
    packs.append(Pack(destinations: destinations, remaining: remaining, isGzip: isGzip))
    append(payload, to: packs.count - 1)
  }

  private mutating func append(_ payload: Payload, to index: Int) {
    packs[index].payloads.append(payload)
    packs[index].items += payload.items
    packs[index].bytes += payload.heldBytes
    packs[index].plainSize += payload.plainSize
  }
}

import OTLP
import Platform

/// Reads from a span which end of which call it is.
struct CallEndReader {
  private let keys: GraphKeys

  init(_ keys: GraphKeys) { self.keys = keys }

  /// Adds the span to `pending` where it is an end of a call. Its attributes and its resource have been read.
  func add(
    _ span: SpanView, weight: Weight, to pending: inout PendingEdges, _ reader: inout AttributeReader,
    _ keyer: inout SeriesKeyer, _ hash: ByteHash
  ) throws(WireError) {
    guard keyer.namesService, (2...5).contains(span.kind) else { return }
    // A service without a name is no end of a call, except where a user calls it: as in Tempo.
    if keyer.service == 0, !PendingEdges.isRoot(span) { return }
    let isClient = span.kind == SpanKind.client.rawValue || span.kind == SpanKind.producer.rawValue
    let peer = try firstPresent(keys.peers, inResource: false, &reader, &keyer)
    let database = isClient ? try databaseName(&reader, &keyer) : nil
    var dimensions: [UInt32] = []
    if !keys.dimensions.isEmpty {
      dimensions.reserveCapacity(keys.dimensions.count)
      for key in keys.dimensions {
        let value = reader.spanValue(key) ?? reader.resourceValue(key)
        dimensions.append(try value.map { (value) throws(WireError) in try number(value, &reader, &keyer) } ?? 0)
      }
    }
    pending.add(
      span, service: keyer.service, peer: peer, database: database, dimensions: dimensions, weight: weight, hash)
  }

  private func number(
    _ message: ByteView, _ reader: inout AttributeReader, _ keyer: inout SeriesKeyer
  ) throws(WireError) -> UInt32 {
    keyer.bounded(try reader.text(message)) ?? CallEnd.noRoom
  }

  /// The number of the first of `keys` that the resource (where that is asked for) or the span has; 0 if none.
  private func firstPresent(
    _ keys: [Int], inResource: Bool, _ reader: inout AttributeReader, _ keyer: inout SeriesKeyer
  ) throws(WireError) -> UInt32 {
    for key in keys {
      if inResource, let value = reader.resourceValue(key) { return try number(value, &reader, &keyer) }
      if let value = reader.spanValue(key) { return try number(value, &reader, &keyer) }
    }
    return 0
  }

  /// What a request to a database is a call to; nil when the span is no such request. The resource's attributes come
  /// before the span's, as in Tempo.
  private func databaseName(
    _ reader: inout AttributeReader, _ keyer: inout SeriesKeyer
  ) throws(WireError) -> UInt32? {
    let all = reader.found | reader.resourceFound
    func isThere(_ key: Int) -> Bool { all & (1 << UInt64(key)) != 0 }
    if !keys.databases.contains(where: isThere) { return nil }
    for key in [keys.peerService, keys.serverAddress] where isThere(key) {
      return try firstPresent([key], inResource: true, &reader, &keyer)
    }
    guard isThere(keys.peerAddress) else { return try firstPresent(keys.databases, inResource: true, &reader, &keyer) }
    let host = try firstPresent([keys.peerAddress], inResource: true, &reader, &keyer)
    guard isThere(keys.peerPort) else { return host }
    let port = try firstPresent([keys.peerPort], inResource: true, &reader, &keyer)
    if host == CallEnd.noRoom || port == CallEnd.noRoom { return CallEnd.noRoom }
    var joined = ByteBuffer(capacity: 64)
    joined.append(keyer.interner[host])
    joined.append(UInt8(ascii: ":"))
    joined.append(keyer.interner[port])
    return keyer.bounded(joined.view) ?? CallEnd.noRoom
  }
}

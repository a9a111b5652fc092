import Compression
import OTLP
import Platform
import TraceFormats

/// Where a followed input was read up to.
public struct InputPosition: Sendable, Equatable {
  public var path: String
  public var device: UInt64 = 0
  public var inode: UInt64 = 0
  public var place = TracePosition()
  /// The first bytes of the file, to tell it from another that got its number.
  public var head: [UInt8] = []

  static let headSize = 256

  init(path: String) { self.path = path }
}

/// Everything that a process which goes on later needs: what was counted, up to where, and what the receiver has.
struct SavedState {
  var round: UInt32 = 0
  /// Whether it is exactly what the round wrote.
  var isRound = true
  /// When it was saved, Unix ms.
  var time: Int64 = 0
  /// Since when its counters count, Unix ms.
  var started: Int64 = 0
  var delivered: Delivered?
  var inputs: [InputPosition] = []
}

/// Writes a state: protobuf fields (see `StateField`) in one gzip member, whose checksum guards it.
struct StateWriter: ~Copyable {
  private var buffer = ByteBuffer(capacity: 64 << 10)

  init() {}

  mutating func write(_ state: SavedState, _ fingerprint: String) {
    buffer.appendField(StateField.version, varint: StateField.currentVersion)
    buffer.appendField(StateField.configuration, string: fingerprint)
    buffer.appendField(StateField.round, varint: UInt64(state.round))
    if state.isRound { buffer.appendField(StateField.isRound, varint: 1) }
    buffer.appendField(StateField.time, varint: UInt64(bitPattern: state.time))
    buffer.appendField(StateField.started, varint: UInt64(bitPattern: state.started))
    if let delivered = state.delivered {
      buffer.appendField(StateField.deliveredRound, varint: delivered.round)
      buffer.appendField(StateField.deliveredTime, varint: UInt64(bitPattern: delivered.time))
    }
    for input in state.inputs {
      buffer.appendField(StateField.input, reserving: 2) { buffer in
        buffer.appendField(1, string: input.path)
        buffer.appendField(2, varint: input.device)
        buffer.appendField(3, varint: input.inode)
        buffer.appendField(4, varint: UInt64(input.place.offset))
        buffer.appendField(5, varint: UInt64(input.place.line))
        input.head.withByteView { buffer.appendField(6, bytes: $0) }
      }
    }
  }

  /// Texts first: what follows refers to them by number.
  mutating func write(_ snapshot: SpanMetricsSnapshot) {
    buffer.appendField(StateField.spans, varint: snapshot.spans)
    buffer.appendField(StateField.overflowed, varint: snapshot.overflowed)
    buffer.appendField(StateField.filtered, varint: snapshot.filtered)
    buffer.appendField(StateField.tooOld, varint: snapshot.tooOld)
    for id in 1..<max(1, UInt32(snapshot.texts.count)) {
      buffer.appendField(StateField.text, bytes: snapshot.texts[id])
    }
    for number in 0..<UInt32(snapshot.resourceCount) {
      let labels = snapshot.resource(number)
      buffer.appendField(StateField.resource) { buffer in
        for id in [labels.service, labels.job, labels.instance] { buffer.appendVarint(UInt64(id)) }
      }
    }
    for position in 0..<snapshot.positions {
      let key = snapshot.key(position)
      buffer.appendTag(StateField.series, .lengthDelimited)
      let mark = buffer.beginLengthDelimited(reserving: 1)
      for word in [key.resource, UInt32(bitPattern: key.kind), UInt32(bitPattern: key.status), key.name] {
        buffer.appendVarint(UInt64(word))
      }
      for id in snapshot.extras(position) { buffer.appendVarint(UInt64(id)) }
      snapshot.withCells(position) { cells in
        for index in 0..<snapshot.layout.stride { buffer.appendVarint(cells[index]) }
      }
      if let native = snapshot.native(position) { Self.append(native, &buffer) }
      buffer.endLengthDelimited(mark, reserved: 1)
    }
    for target in snapshot.rawTargets { append(target, StateField.target) }
    for host in snapshot.rawHosts { append(host, StateField.host) }
    for event in snapshot.events {
      buffer.appendField(StateField.event) { buffer in
        let series = event.key.series
        let key: [UInt32] = [
          series?.resource ?? .max, UInt32(bitPattern: series?.kind ?? 0), UInt32(bitPattern: series?.status ?? 0),
          series?.name ?? 0,
        ]
        for word in key { buffer.appendVarint(UInt64(word)) }
        for word in [
          UInt64(truncatingIfNeeded: event.count), UInt64(truncatingIfNeeded: event.count >> 64), event.firstRound,
          event.lastRound,
        ] { buffer.appendVarint(word) }
        if series == nil { return }
        for id in event.key.extras + event.key.values { buffer.appendVarint(UInt64(id)) }
      }
    }
  }

  private mutating func append(_ target: TargetTable.Target, _ field: Int) {
    buffer.appendField(field, reserving: 2) { buffer in
      for label in target.labels {
        buffer.appendField(1) { buffer in
          buffer.appendField(1, string: label.name)
          buffer.appendField(2, varint: UInt64(label.value))
        }
      }
    }
  }

  static func append(_ native: NativeHistogram, _ buffer: inout ByteBuffer) {
    buffer.appendVarint(UInt64(UInt32(bitPattern: native.schema)))
    buffer.appendVarint(native.zeroCount)
    buffer.appendVarint(UInt64(native.keys.count))
    for (key, count) in zip(native.keys, native.counts) {
      buffer.appendVarint(UInt64(UInt32(bitPattern: key)))
      buffer.appendVarint(count)
    }
  }

  /// The service graph's state, as it wrote itself.
  mutating func write(graph: ByteView) { buffer.appendField(StateField.graph, bytes: graph) }

  /// What goes into the gzip member.
  var content: [UInt8] { Array(buffer.view) }

  /// The whole, compressed.
  consuming func finish() throws(CompressionError) -> [UInt8] {
    var compressor = try GzipCompressor(level: 1)
    var output = ByteBuffer(capacity: 0)
    compressor.compress(buffer.view, into: &output)
    return Array(output.view)
  }
}

/// The numbers of the fields of a state.
enum StateField {
  static let currentVersion: UInt64 = 1
  static let version = 1
  static let configuration = 2
  static let round = 3
  static let time = 4
  static let deliveredRound = 5
  static let deliveredTime = 6
  static let input = 7
  static let spans = 8
  static let overflowed = 9
  static let filtered = 10
  static let tooOld = 11
  static let text = 12
  static let resource = 13
  static let series = 14
  static let target = 15
  static let graph = 16
  static let isRound = 17
  static let started = 18
  static let host = 19
  static let event = 20
}

import Backends
import OTLP
import Platform

/// The attributes of the resource that metrics are about, and those that every point gets.
struct OTLPResource: Sendable {
  var attributes: [(name: String, value: String)] = []
  var pointAttributes: [(name: String, value: String)] = []

  /// `job` and `instance` are what Prometheus makes of a resource's service.name and service.instance.id; other labels
  /// go to every point.
  init(_ external: [(name: String, value: String)]) {
    for label in external where !label.value.isEmpty {
      switch label.name {
      case "job": attributes.append(("service.name", label.value))
      case "instance": attributes.append(("service.instance.id", label.value))
      default: pointAttributes.append(label)
      }
    }
  }
}

/// The points of one OTLP request. Points of one metric that follow each other are written as one metric.
final class OTLPBatch: MetricsBatch {
  private struct Entry {
    var family: Int
    var isExponential: Bool
    var end: Int
  }

  /// As in Prometheus's own senders, and little enough for the 4 MiB that gRPC servers take at once.
  private static let maxPoints = 2000
  private static let maxBytes = 2 << 20

  private let client: OTLPMetricsClient?
  private let table: MetricTable
  private let resource: OTLPResource
  private let isDelta: Bool
  private var writer: OTLPPointWriter
  private var points = ByteBuffer(capacity: 64 << 10)
  private var entries: [Entry] = []
  private let places: [String: Int]

  /// - Parameters:
  ///   - client: nil for who only wants the bytes.
  ///   - start: since when counters count, Unix ms.
  init(_ client: OTLPMetricsClient?, _ table: MetricTable, resource: OTLPResource, start: Int64, isDelta: Bool) {
    self.client = client
    self.table = table
    self.resource = resource
    self.isDelta = isDelta
    writer = OTLPPointWriter(table, further: resource.pointAttributes, start: start)
    places = Dictionary(
      table.families.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  var count: Int { entries.count }
  var isFull: Bool { entries.count >= Self.maxPoints || points.count >= Self.maxBytes }

  func removeAll() {
    points.removeAll()
    entries.removeAll(keepingCapacity: true)
  }

  func append(_ family: MetricFamily, _ point: MetricPoint, _ phase: DeliveryPhase) {
    guard phase.wants(point.rounds), let place = places[family.name] else { return }
    let isExponential = writer.isExponential(point)
    points.appendTag(1, .lengthDelimited)
    let mark = points.beginLengthDelimited(reserving: 2)
    writer.append(family, point, phase, to: &points)
    points.endLengthDelimited(mark, reserved: 2)
    entries.append(Entry(family: place, isExponential: isExponential, end: points.count))
  }

  func send(_ range: Range<Int>) -> WriteAttempt {
    let request = request(range)
    guard let client else { return .taken }
    return request.withByteView { client.attempt($0) }
  }

  /// A serialized request with some of the points.
  func request(_ range: Range<Int>) -> [UInt8] {
    var request = ByteBuffer(capacity: points.count + 4096)
    request.appendField(1, reserving: 4) { request in
      request.appendField(1, reserving: 2) { request in
        for (name, value) in resource.attributes { OTLPPointWriter.append(1, name, .text(value), to: &request) }
      }
      request.appendField(2, reserving: 4) { request in
        request.appendField(1) { $0.appendField(1, string: "ongrid spanmetrics") }
        var index = range.lowerBound
        while index < range.upperBound {
          let first = entries[index]
          let start = index == 0 ? 0 : entries[index - 1].end
          var end = first.end
          while index < range.upperBound, entries[index].family == first.family,
            entries[index].isExponential == first.isExponential
          {
            end = entries[index].end
            index += 1
          }
          metric(table.families[first.family], first.isExponential, points.view[start..<end], &request)
        }
      }
    }
    return Array(request.view)
  }

  /// name=1, description=2, unit=3, gauge=5, sum=7 (points=1, temporality=2, monotonic=3), histogram=9,
  /// exponential_histogram=10 (points=1, temporality=2). Delta is 1, cumulative 2.
  private func metric(
    _ family: MetricFamily, _ isExponential: Bool, _ points: ByteView, _ request: inout ByteBuffer
  ) {
    request.appendField(2, reserving: 4) { request in
      request.appendField(1, string: family.otlpName)
      request.appendField(2, string: family.help)
      if !family.unit.isEmpty { request.appendField(3, string: family.unit) }
      let field =
        switch family.kind {
        case .gauge: 5
        case .counter: 7
        case .histogram: isExponential ? 10 : 9
        }
      request.appendField(field, reserving: 4) { request in
        request.append(points)
        if family.kind == .gauge { return }
        request.appendField(2, varint: isDelta ? 1 : 2)
        if family.kind == .counter { request.appendField(3, varint: 1) }
      }
    }
  }
}

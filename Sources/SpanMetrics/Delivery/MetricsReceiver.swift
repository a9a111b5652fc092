public import Backends
import Transport

/// Where metrics are sent, with a client for each request that may be under way at once.
public enum MetricsReceiver: Sendable {
  case remoteWrite([RemoteWriteClient])
  case otlp([OTLPMetricsClient])

  /// For messages.
  public var name: String {
    switch self {
    case .remoteWrite: "remote write"
    case .otlp: "OTLP"
    }
  }

  var parallel: Int {
    switch self {
    case .remoteWrite(let clients): clients.count
    case .otlp(let clients): clients.count
    }
  }

  func setCancellation(_ cancellation: HTTPCancellation) {
    switch self {
    case .remoteWrite(let clients): for client in clients { client.cancellation = cancellation }
    case .otlp(let clients): for client in clients { client.cancellation = cancellation }
    }
  }

  /// A batch that goes by the client of `worker`.
  ///
  /// - Parameter start: since when counters count, Unix ms.
  func batch(
    _ worker: Int, _ table: MetricTable, start: Int64, _ settings: DeliverySettings
  ) -> any MetricsBatch {
    switch self {
    case .remoteWrite(let clients):
      RemoteWriteBatch(
        clients[worker], table, external: settings.external, exemplarLabel: settings.exemplarLabel)
    case .otlp(let clients):
      OTLPBatch(
        clients[worker], table, resource: OTLPResource(settings.external), start: start, isDelta: settings.isDelta)
    }
  }
}

/// Points of series, as many as one request takes, and where each ends: a request that was refused is sent again in parts.
protocol MetricsBatch: AnyObject {
  /// How many points there are.
  var count: Int { get }
  var isFull: Bool { get }

  /// Adds what `phase` wants of one series of a family.
  func append(_ family: MetricFamily, _ point: MetricPoint, _ phase: DeliveryPhase)

  func removeAll()

  /// Sends some of the points once.
  func send(_ range: Range<Int>) -> WriteAttempt
}

/// What is written of a series.
enum DeliveryPhase: Sendable {
  /// A 0 at `time` (Unix ms), for series that appeared after round `after`.
  case zeros(time: Int64, after: UInt64)
  /// The value at `time`, exemplars of rounds after `after`.
  case values(time: Int64, after: UInt64)
  /// The end of the series at `time`.
  case ends(time: Int64)

  /// Whether it wants anything of a series that appeared and moved in `rounds`.
  func wants(_ rounds: ClosedRange<UInt64>?) -> Bool {
    guard case .zeros(_, let after) = self else { return true }
    guard let rounds else { return false }
    return rounds.lowerBound > after
  }
}

import OTLP

extension OTLPSignal {
  /// Its place among all signals, for tables.
  var index: Int {
    switch self {
    case .traces: 0
    case .metrics: 1
    case .logs: 2
    }
  }

  /// The signal at a place that `index` gave.
  init(index: Int) {
    self = OTLPSignal.allCases.first { $0.index == index } ?? .traces
  }

  init?(httpPath: String) {
    guard let signal = OTLPSignal.allCases.first(where: { $0.httpPath == httpPath }) else { return nil }
    self = signal
  }

  init?(grpcPath: String) {
    guard let signal = OTLPSignal.allCases.first(where: { $0.grpcPath == grpcPath }) else { return nil }
    self = signal
  }

  /// The signal of a protobuf file, which does not say it itself: a part of its name between dots, as in
  /// `spool.metrics.otlp`; traces without one.
  init(fileName path: String) {
    let parts = path.split(separator: "/").last?.split(separator: ".") ?? []
    self = OTLPSignal.allCases.first { signal in parts.contains { $0 == signal.rawValue } } ?? .traces
  }

  /// The option that names its destinations.
  var option: String { self == .traces ? "--to" : "--to-\(rawValue)" }

  /// What its requests hold, counted: `2 spans`.
  func items(_ count: Int) -> String {
    let noun =
      switch self {
      case .traces: "span"
      case .metrics: "data point"
      case .logs: "log record"
      }
    return "\(count) \(noun)\(count == 1 ? "" : "s")"
  }
}

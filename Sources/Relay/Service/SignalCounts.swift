import OTLP

/// Numbers of spans, data points and log records.
public struct SignalCounts: Sendable, Equatable, CustomStringConvertible {
  private var counts = [Int](repeating: 0, count: OTLPSignal.allCases.count)

  public init() {}

  public subscript(_ signal: OTLPSignal) -> Int {
    get { counts[signal.index] }
    set { counts[signal.index] = newValue }
  }

  public var total: Int { counts.reduce(0, +) }

  /// `2 spans, 1 log record`; `0 spans` when there is nothing.
  public var description: String {
    let present = OTLPSignal.allCases.filter { self[$0] > 0 }
    return present.isEmpty ? OTLPSignal.traces.items(0) : present.map { $0.items(self[$0]) }.joined(separator: ", ")
  }
}

public import OTLP
import Platform

/// What was noticed while inputs were read, beside the traces in them. Any thread may add to it.
public final class InputFindings: Sendable {
  public struct Summary: Sendable {
    /// Metrics and log records that were passed over where only traces are read, by signal.
    public var otherSignals: [OTLPSignal: Int] = [:]
    /// Places that may hold telemetry and were not understood, and the first of them.
    public var notUnderstood = 0
    public var firstNotUnderstood: InputError?
    /// Bad records that were passed over before anything was decoded, and the first of them.
    public var skipped = 0
    public var firstSkipped: InputError?
    /// Ids that were made from texts which are none, and the first of them.
    public var madeIDs = 0
    public var firstMadeID: InputError?
    /// The formats met, by their names, with the number of documents or messages.
    public var formats: [String: Int] = [:]

    /// What was assumed about ids, or nil when nothing was.
    public var madeIDsText: String? {
      firstMadeID.map { "\(madeIDs) ids are read as numbers made from their text, the first: \($0)" }
    }

    /// "1 metric and 2 log records", or nil when there were none.
    public var otherSignalsText: String? {
      let parts = OTLPSignal.allCases.compactMap { signal in
        otherSignals[signal].map { "\($0) \(signal == .logs ? "log record" : "metric")\($0 == 1 ? "" : "s")" }
      }
      return parts.isEmpty ? nil : parts.joined(separator: " and ")
    }
  }

  private let state = Monitor(Summary())

  public init() {}

  public var summary: Summary { state.withLock { $0 } }

  func passOver(_ count: Int, _ signal: OTLPSignal) {
    state.withLock { $0.otherSignals[signal, default: 0] += count }
  }

  func notUnderstood(_ error: InputError) {
    state.withLock { summary in
      summary.notUnderstood += 1
      if summary.firstNotUnderstood == nil { summary.firstNotUnderstood = error }
    }
  }

  func skip(_ error: InputError) {
    state.withLock { summary in
      summary.skipped += 1
      if summary.firstSkipped == nil { summary.firstSkipped = error }
    }
  }

  func madeIDs(_ count: Int, first: InputError) {
    state.withLock { summary in
      summary.madeIDs += count
      if summary.firstMadeID == nil { summary.firstMadeID = first }
    }
  }

  func add(formats: [String: Int]) {
    state.withLock { $0.formats.merge(formats, uniquingKeysWith: +) }
  }
}

public import OTLP
public import Platform

/// Chooses which spans go on, between what is copied (`tee`) and what is queued. Module `Sampling` has one.
///
/// Each request of traces comes to `take` once it is accepted and, with a queue directory, stored under a row; what the
/// stage decides comes back, from that call or from `judge`. The relay calls neither twice at once where there are rows:
/// then each outcome is written in one transaction, in the order in which they came, and what is not decided yet is on
/// disk until it is.
public protocol TraceStage: AnyObject, Sendable {
  /// Takes the spans of an accepted request.
  ///
  /// - Parameters:
  ///   - row: under which the request is stored, above all before it; `nil` where it is not.
  ///   - now: monotonic ns.
  func take(_ request: ByteView, row: Int64?, now: Int64) -> StageOutcome

  /// Takes a request that was stored before the relay started. `isSettled`: of the traces given to `remember` all that
  /// this request has of them was dealt with.
  func takeAgain(_ request: ByteView, row: Int64, isSettled: Bool, now: Int64) -> StageOutcome

  /// Judges what has waited long enough; `all`: everything.
  func judge(now: Int64, all: Bool) -> StageOutcome

  /// Learns of verdicts again, as an outcome's `verdicts` had them.
  func remember(_ verdicts: ByteView)

  /// What waits for a verdict.
  var undecided: StageDepth { get }

  /// Spans that were not let on.
  var droppedItems: Int { get }

  /// For `/metrics`.
  var metrics: [StageMetric] { get }
}

/// What waits in a stage.
public struct StageDepth: Sendable {
  public let items: Int
  /// Bytes held in memory.
  public let bytes: Int

  public init(items: Int, bytes: Int) {
    self.items = items
    self.bytes = bytes
  }
}

/// What a stage has decided.
public struct StageOutcome: Sendable {
  /// Requests of spans that go on.
  public var kept: [(request: OwnedBytes, items: Int)] = []
  /// Rows of which nothing is undecided any more.
  public var settledRows: [Int64] = []
  /// The verdicts, in the stage's own form, as `remember` takes them.
  public var verdicts: [UInt8] = []

  public init() {}

  public var isEmpty: Bool { kept.isEmpty && settledRows.isEmpty && verdicts.isEmpty }
}

/// A family of metrics of a stage.
public struct StageMetric: Sendable {
  public let name: String
  /// `counter` or `gauge`.
  public let type: String
  public let help: String
  public let samples: [(labels: [(String, String)], value: Int)]

  public init(name: String, type: String, help: String, samples: [(labels: [(String, String)], value: Int)]) {
    self.name = name
    self.type = type
    self.help = help
    self.samples = samples
  }
}

/// Changes requests of traces on their way in, before they are copied or queued.
public protocol TraceRewriter: Sendable {
  /// Appends `request` as it is to go on to `out`.
  func rewrite(_ request: ByteView, into out: inout ByteBuffer) throws(WireError)

  /// For `/metrics`.
  var metrics: [StageMetric] { get }
}

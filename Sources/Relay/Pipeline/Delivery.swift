import OTLP
import Platform
import Transport

/// What is left to do of one batch, and what comes next: all of it at once, again after a wait, or in parts where something
/// in it is refused or too large, so that one client's bad request does not take those of others along.
///
/// Parts are halves, first of the batch between requests and then of a request between its elements, so that `k` bad elements
/// among `n` cost at most `2k·log2 n` requests. Nothing here sends or waits: a sender asks for the next piece, sends it, and
/// says what became of it.
struct Delivery {
  private struct Entry {
    let entry: QueueEntry
    /// Requests of it that are not done with.
    var open: Int
    /// Items of it that were given up.
    var lost = 0
  }

  private struct Request {
    let payload: Payload
    /// Its entry's place.
    let entry: Int
    /// Pieces that are neither with the destination nor given up.
    var pieces = 1
    var isCut = false
  }

  /// Some of the requests, or a part of one.
  struct Piece {
    fileprivate var requests: Range<Int>
    fileprivate var part: Payload?
    /// How often it failed as it is.
    fileprivate(set) var attempts = 0
    /// The other half has the same number; 0: there is none.
    fileprivate var pair = 0
    /// The other half was taken: what is refused is in this one.
    fileprivate var isSuspect = false
  }

  /// What to do after a piece.
  enum Step {
    case goOn
    /// Later, because of `reason`.
    case wait(nanoseconds: Int64, reason: String)
    /// The relay stops.
    case stop
  }

  /// An entry that is done with.
  struct Settled {
    let entry: QueueEntry
    /// Items of it that were given up; the others are with the destination.
    let lost: Int
  }

  /// How long to wait after so many attempts over so many ns, or as long as the destination asks; `nil` to give up.
  typealias Backoff = (_ attempt: Int, _ elapsed: Int64, _ requested: Duration?) -> Duration?

  private var entries: [Entry]
  private var requests: [Request] = []
  /// The next one is the last.
  private var pieces: [Piece] = []
  private var isBegun = false
  /// Given up, and not yet put aside.
  private var refused: [Piece] = []
  private(set) var refusal = ""
  /// Whether something was given up that might have been taken later.
  private(set) var hasGivenUp = false
  private var settled: [Settled] = []
  /// Since something was last taken.
  private var attempts = 0
  private var failingSince: Int64?
  /// Whether the destination has taken anything of it.
  private var isTakenInPart = false
  /// Elements refused alone.
  private var refusedAlone = 0
  private var refusedRequests: Set<Int> = []
  /// Whether the next piece is the last one, on the way down to a single element.
  private var isDescending = true
  private var pairs = 0
  /// Bytes against the queue's bound.
  let bytes: Int
  /// Items that are neither with the destination nor given up.
  private(set) var items: Int
  /// For `SendPace`: when it last failed.
  var failedIn: Int?

  /// So many requests, or so many elements, refused alone while nothing was taken: everything is refused.
  private static let sampledRequests = 16
  private static let sampledElements = 64

  init(_ batch: [QueueEntry]) {
    entries = batch.map { Entry(entry: $0, open: 0) }
    bytes = batch.reduce(0) { $0 + $1.bytes }
    items = batch.reduce(0) { $0 + $1.items }
    failingSince = batch.compactMap(\.failingSince).min()
  }

  /// Requests in it.
  var count: Int { entries.reduce(0) { $0 + $1.entry.requests } }

  /// When the oldest of them was accepted.
  var oldest: Int64? { entries.first?.entry.accepted }

  /// Reads the requests, before the first piece. What cannot be read stays where it is, and does not count here any more.
  ///
  /// - Parameter goesAlone: requests that are not put together with others.
  mutating func begin(_ load: (QueueEntry) -> [Payload], goesAlone: (Payload) -> Bool) {
    if isBegun { return }
    isBegun = true
    items = 0
    var start = 0
    for index in entries.indices {
      for payload in load(entries[index].entry) {
        entries[index].open += 1
        items += payload.items
        if goesAlone(payload) {
          if start < requests.count { pieces.append(Piece(requests: start..<requests.count)) }
          start = requests.count + 1
          pieces.append(Piece(requests: start - 1..<start))
        }
        requests.append(Request(payload: payload, entry: index))
      }
    }
    if start < requests.count { pieces.append(Piece(requests: start..<requests.count)) }
    pieces.reverse()
  }

  /// The next piece to send; `nil` when there is none.
  ///
  /// - Parameter tooLarge: what has so many bytes is cut before it is tried.
  mutating func next(tooLarge: Int = .max) -> Piece? {
    if !isDescending, let largest = pieces.indices.max(by: { isSmaller(pieces[$0], pieces[$1]) }) {
      pieces.swapAt(largest, pieces.count - 1)
      isDescending = true
    }
    while let piece = pieces.popLast() {
      // It was in a piece that was refused, and the rest of that was taken: it would be refused as well.
      if piece.isSuspect, split(piece, pairing: true) { continue }
      if tooLarge != .max, size(of: piece) >= tooLarge, split(piece, pairing: false) { continue }
      return piece
    }
    return nil
  }

  private func isSmaller(_ a: Piece, _ b: Piece) -> Bool {
    // Different requests say more than parts of one.
    (a.part == nil ? a.requests.count : 0, a.part?.items ?? 0) < (
      b.part == nil ? b.requests.count : 0, b.part?.items ?? 0
    )
  }

  /// What a piece consists of.
  func payloads(of piece: Piece) -> [Payload] {
    piece.part.map { [$0] } ?? requests[piece.requests].map(\.payload)
  }

  /// Bytes of a piece before compression.
  func size(of piece: Piece) -> Int {
    piece.part?.plainSize ?? requests[piece.requests].reduce(0) { $0 + $1.payload.plainSize }
  }

  /// Takes in what became of a piece that was sent at `began`.
  ///
  /// - Parameter largestTaken: the size in bytes up to which a destination that refuses by capacity is known to take batches.
  mutating func note(
    _ outcome: ExportOutcome, of piece: Piece, began: Int64, now: Int64, largestTaken: Int, backoff: Backoff
  ) -> Step {
    switch outcome {
    case .delivered:
      isTakenInPart = true
      attempts = 0
      failingSince = nil
      settle(piece, isLost: false)
      if piece.pair != 0, let other = pieces.firstIndex(where: { $0.pair == piece.pair }) {
        pieces[other].isSuspect = true
      }
      return .goOn
    case .cancelled:
      pieces.append(piece)
      return .stop
    case .refused(let reason, .destination):
      refuse(piece, reason)
      return .goOn
    case .refused(let reason, .content):
      if split(piece, pairing: true) { return .goOn }
      noteRefusedAlone(piece, reason)
      return .goOn
    case .refused(let reason, .size):
      if !split(piece, pairing: false) { refuse(piece, reason) }
      return .goOn
    case .refused(let reason, .capacity):
      if size(of: piece) > largestTaken, split(piece, pairing: false) { return .goOn }
      return fail(piece, reason, nil, began, now, backoff, splits: piece.attempts > 0)
    case .failed(let reason, let retryAfter, let cause):
      let splits =
        switch cause {
        case .connection: false
        case .timeout: true
        case .overload: piece.attempts > 0
        }
      return fail(piece, reason, retryAfter, began, now, backoff, splits: splits, isLate: cause == .timeout)
    }
  }

  private mutating func fail(
    _ piece: Piece, _ reason: String, _ requested: Duration?, _ began: Int64, _ now: Int64, _ backoff: Backoff,
    splits: Bool, isLate: Bool = false
  ) -> Step {
    attempts += 1
    let start = failingSince ?? began
    failingSince = start
    guard let wait = backoff(attempts, now - start, requested) else {
      hasGivenUp = true
      let reason = reason + (attempts > 1 ? "; tried \(attempts) times" : "")
      refuse(piece, reason)
      refuseAll(reason)
      return .goOn
    }
    if !splits || !split(piece, pairing: false) {
      var piece = piece
      piece.attempts += 1
      // The others come first now: they may be better off.
      pieces.insert(piece, at: 0)
    }
    // What came too late may still be on its way, and more would only come later.
    return .wait(nanoseconds: max(wait.nanoseconds, isLate ? (now - began) / 2 : 0), reason: reason)
  }

  private mutating func noteRefusedAlone(_ piece: Piece, _ reason: String) {
    refuse(piece, reason)
    refusedAlone += 1
    refusedRequests.insert(piece.requests.lowerBound)
    isDescending = false
    if !isTakenInPart,
      refusedRequests.count >= Delivery.sampledRequests || refusedAlone >= Delivery.sampledElements
    {
      refuseAll(reason)
    }
  }

  private mutating func refuseAll(_ reason: String) {
    for piece in pieces { refuse(piece, reason) }
    pieces = []
  }

  private mutating func refuse(_ piece: Piece, _ reason: String) {
    refused.append(piece)
    refusal = reason
  }

  /// Puts the halves of a piece in its place; `false` when it cannot be cut.
  private mutating func split(_ piece: Piece, pairing: Bool) -> Bool {
    var halves: [Piece] = []
    if piece.requests.count > 1 {
      let middle = piece.requests.lowerBound + piece.requests.count / 2
      halves = [
        Piece(requests: piece.requests.lowerBound..<middle), Piece(requests: middle..<piece.requests.upperBound),
      ]
    } else if let whole = payloads(of: piece).first, let parts = RequestSplitter.halves(of: whole) {
      halves = parts.map { Piece(requests: piece.requests, part: $0) }
      requests[piece.requests.lowerBound].pieces += parts.count - 1
      requests[piece.requests.lowerBound].isCut = true
    }
    if halves.isEmpty { return false }
    if pairing, halves.count == 2 {
      pairs += 1
      for index in halves.indices { halves[index].pair = pairs }
    }
    pieces += halves.reversed()
    return true
  }

  private mutating func settle(_ piece: Piece, isLost: Bool) {
    for index in piece.requests {
      let count = piece.part?.items ?? requests[index].payload.items
      items -= count
      requests[index].pieces -= 1
      let place = requests[index].entry
      if isLost { entries[place].lost += count }
      guard requests[index].pieces == 0 else { continue }
      entries[place].open -= 1
      if entries[place].open == 0 { settled.append(Settled(entry: entries[place].entry, lost: entries[place].lost)) }
    }
  }

  /// The entries that have become done with since the last call.
  mutating func takeSettled() -> [Settled] {
    defer { settled = [] }
    return settled
  }

  /// What has been given up and not been put aside yet, with the last reason in `refusal`.
  var refusedPayloads: [Payload] { refused.flatMap { payloads(of: $0) } }

  /// The same, each with whoever wants to know.
  var refusals: [(payload: Payload, observer: (any DeliveryObserver)?)] {
    refused.flatMap { piece in
      piece.requests.map { index in
        (piece.part ?? requests[index].payload, entries[requests[index].entry].entry.tracker)
      }
    }
  }

  /// What was given up has been put aside.
  mutating func noteBuried() {
    for piece in refused { settle(piece, isLost: true) }
    refused = []
    hasGivenUp = false
  }

  /// All its entries, before it has begun.
  var unread: [QueueEntry] { entries.map(\.entry) }

  /// The entries that are not done with, and those of their requests that are not.
  var unsettled: [(entry: QueueEntry, payloads: [Payload])] {
    entries.indices.filter { entries[$0].open > 0 }.map { index in
      (entries[index].entry, requests.filter { $0.entry == index && $0.pieces > 0 }.map(\.payload))
    }
  }

  /// The entries that are not done with, to be begun anew, when they are on disk and nothing of any of them is done with.
  var untouched: [QueueEntry]? {
    guard refused.isEmpty, requests.allSatisfy({ !$0.isCut || $0.pieces == 0 }) else { return nil }
    var left: [QueueEntry] = []
    for (index, entry) in entries.enumerated() where entry.open > 0 {
      guard entry.entry.payloads.isEmpty, entry.entry.rows != nil else { return nil }
      guard requests.allSatisfy({ $0.entry != index || $0.pieces == 1 }) else { return nil }
      var again = entry.entry
      again.failingSince = failingSince
      left.append(again)
    }
    return left
  }
}

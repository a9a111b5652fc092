import Compression
import Libc
import OTLP
import Platform
import TraceFormats

/// What `ongrid relay queue` asks of the relay that uses a directory.
extension DurableQueue {
  func followOrders() {
    for order in QueueOrders.pending(in: path) {
      switch order {
      case .drop(let identity, let file):
        drop(identity)
        unlink(file)
      case .replay(let file): replay(file)
      }
    }
  }

  /// Rows that only lie on disk are gone; what is on its way or in memory may still arrive.
  private func drop(_ identity: String) {
    let failure = transaction { (store) throws(SQLiteDatabase.Failure) in
      for (bit, name) in try store.destinations() where name == identity { try store.drop(bit: 1 << bit) }
    }
    if let failure {
      log.error("the queue of \(identity) cannot be dropped: \(failure)", kind: "drop")
    } else {
      plainLog.info("what waited on disk for \(identity) was dropped on request")
    }
  }

  private func replay(_ file: String) {
    let note = DeadLetters.note(of: file)
    let signal = note?.signal ?? OTLPSignal(fileName: file)
    let chosen = destinations.filter { destination in
      destination.signal == signal && (note.map { $0.identity == destination.identity } ?? true)
    }
    guard !chosen.isEmpty else { return }
    let payloads: [Payload]
    do {
      payloads = try DurableQueue.read(file, signal)
    } catch {
      log.error("\(file) cannot be sent again: \(error)", kind: "replay")
      return
    }
    let added: [(pack: PackBuilder.Pack, rows: ClosedRange<Int64>)]
    do throws(SQLiteDatabase.Failure) { added = try addAgain(payloads, for: chosen) } catch {
      log.error("\(file) cannot be sent again: \(error)", kind: "replay")
      return
    }
    unlink(file)
    unlink(file + DeadLetterNote.suffix)
    handOverAgain(added)
    plainLog.info("\(signal.items(payloads.reduce(0) { $0 + $1.items })) refused before are sent again")
  }

  /// The requests of a dead letter, each as it was when it was refused.
  static func read(_ file: String, _ signal: OTLPSignal) throws -> [Payload] {
    let input = try TraceInput([file])
    var decoder = TraceDecoder(skipsBad: false, reading: .anySignal(protobuf: signal))
    var payloads: [Payload] = []
    while let chunk = try input.next() {
      try decoder.forEachMessage(in: chunk) { (request, signal) throws(WireError) in
        let walk = try RequestWalk(request, signal: signal)
        if walk.elements == 0 { return }
        var body = ByteBuffer(capacity: request.count)
        body.append(request)
        payloads.append(
          Payload(
            signal: signal, items: walk.items, plainSize: request.count, plain: OwnedBytes(body), gzip: nil,
            accepted: monotonicNanoseconds()))
      }
    }
    return payloads
  }
}

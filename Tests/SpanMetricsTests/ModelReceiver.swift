import Backends
import Foundation
import OTLP
import Platform
import TestSupport

/// A remote-write receiver that takes samples as Prometheus does: a request as a whole or not at all, a series' samples in
/// order of time, the last one again only with the same value. It can be told to misbehave.
final class ModelReceiver: Sendable {
  /// What happens to a request.
  enum Fault: Sendable {
    case none
    /// It is taken, and the connection closed without an answer.
    case dropAnswer
    /// It is not taken; the receiver will not be there for a while.
    case unavailable
    /// It is taken, and a gateway says that it took too long.
    case gatewayTimeout
  }

  struct Sample: Equatable {
    var time: Int64
    var value: Double
  }

  private struct State {
    var series: [String: [Sample]] = [:]
    var refusals: [String] = []
    var requests = 0
  }

  private let state = Monitor(State())
  private let server = Monitor<StubServer?>(nil)

  /// - Parameters:
  ///   - refuses: series that are not taken, whatever they say.
  ///   - fault: what happens to the request with this number, from 1.
  init(
    refuses: @escaping @Sendable (String) -> Bool = { _ in false },
    fault: @escaping @Sendable (Int) -> Fault = { _ in .none }
  ) throws {
    let state = state
    let stub = try StubServer { request in
      let number = state.withLock { state in
        state.requests += 1
        return state.requests
      }
      let fault = fault(number)
      if case .unavailable = fault { return .text(503, "later") }
      let refusal = state.withLock { state in
        let refusal = Self.take(request.body, into: &state.series, refuses)
        if let refusal { state.refusals.append(refusal) }
        return refusal
      }
      switch fault {
      case .dropAnswer: return .close
      case .gatewayTimeout: return .text(504, "gateway timeout")
      default: return refusal.map { .text(400, $0) } ?? .respond(status: 204)
      }
    }
    server.withLock { $0 = stub }
  }

  var url: String { server.withLock { $0?.url ?? "" } }
  var refusals: [String] { state.withLock { $0.refusals } }
  var requests: Int { state.withLock { $0.requests } }
  var series: [String: [Sample]] { state.withLock { $0.series } }

  func stop() { server.withLock { $0?.stop() } }

  /// Why the request is refused; nil when it is taken.
  private static func take(
    _ body: [UInt8], into all: inout [String: [Sample]], _ refuses: (String) -> Bool
  ) -> String? {
    var pending = all
    guard let bytes = try? body.withByteView({ try Snappy.uncompress($0, limit: 1 << 28) }) else { return "not snappy" }
    do {
      try bytes.withByteView { (view) throws(WireError) in
        var cursor = WireCursor(view)
        while let tag = try cursor.nextTag() {
          guard tag == WireTag(field: 1, .lengthDelimited) else {
            try cursor.skip(tag)
            continue
          }
          let (name, samples) = try entry(cursor.bytes())
          if refuses(name) { throw WireError.badTag }
          for sample in samples {
            if let last = pending[name]?.last {
              let isSame = last.time == sample.time && last.value.bitPattern == sample.value.bitPattern
              if isSame { continue }
              if sample.time <= last.time { throw WireError.truncated }
            }
            pending[name, default: []].append(sample)
          }
        }
      }
    } catch WireError.truncated {
      return "out of order sample"
    } catch { return "label value too long" }
    all = pending
    return nil
  }

  private static func entry(_ message: ByteView) throws(WireError) -> (String, [Sample]) {
    var labels: [String] = []
    var samples: [Sample] = []
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      guard tag.wireType == 2 else {
        try cursor.skip(tag)
        continue
      }
      var inner = WireCursor(try cursor.bytes())
      var texts: [String] = []
      var sample = Sample(time: 0, value: 0)
      while let tag = try inner.nextTag() {
        switch tag.wireType {
        case 0: sample.time = Int64(bitPattern: try inner.varint())
        case 1: sample.value = Double(bitPattern: try inner.fixed64())
        default: texts.append(String(try inner.bytes()))
        }
      }
      if tag.field == 1 { labels.append(texts.joined(separator: "=")) }
      if tag.field == 2 { samples.append(sample) }
    }
    return (labels.joined(separator: ","), samples)
  }

  /// How much each series of a metric has risen, over all of its resets, as Prometheus's `increase` corrects for them.
  func increases(_ metric: String) -> [String: Double] {
    series.filter { $0.key.hasPrefix("__name__=\(metric),") || $0.key.contains(",__name__=\(metric),") }
      .mapValues { samples in
        var total = 0.0
        let values = samples.map(\.value).filter { !$0.isNaN }
        for (before, after) in zip(values, values.dropFirst()) { total += after >= before ? after - before : after }
        return total
      }
  }

  func increase(_ metric: String) -> Double { increases(metric).values.reduce(0, +) }
}

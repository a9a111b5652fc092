import Foundation
import OTLP
import Platform
import TestSupport
import Testing

@testable import Correlate

/// What is found with default options: a window of half an hour against the hour before, fitted to nothing.
@Suite struct PlaceAnalysisTests {
  /// Requests web → orders → (stock, database), in microseconds, over an hour and more.
  private struct Requests {
    var count = 900
    /// Seconds.
    var length = 4500.0
    /// Seconds before the end at which something may change.
    var faultLength = 180.0
    /// Which requests are hit.
    var share = 1.0

    func lines(_ random: inout SeededRandom, fault: (inout Request) -> Void) -> String {
      var lines: [String] = []
      for index in 0..<count {
        let age = length * Double(count - index) / Double(count)
        var request = Request(start: PlaceAnalysisTests.end - age)
        request.stock *= exp(Double.random(in: -0.7..<0.7, using: &random))
        request.database *= exp(Double.random(in: -0.7..<0.7, using: &random))
        if age <= faultLength, Double.random(in: 0..<1, using: &random) < share { fault(&request) }
        lines.append(request.json(index))
      }
      return lines.joined(separator: "\n")
    }
  }

  private struct Request {
    var start: Double
    var stock = 4000.0
    var network = 300.0
    var database = 2000.0
    var databaseFails = false
    var stockAnswers = true
    var callsStock = true

    func json(_ index: Int) -> String {
      let trace = String(index + 1, radix: 16)
      let id = String(repeating: "0", count: 32 - trace.count) + trace
      var cursor = 500.0
      var spans: [String] = []
      let inStock = callsStock ? stock + network : 0
      let total = 1500 + inStock + database
      func span(
        _ number: Int, _ parent: Int, _ service: String, _ name: String, _ kind: Int, _ from: Double, _ length: Double,
        _ more: String = ""
      ) -> String {
        let begin = UInt64((start * 1e6) + from) * 1000
        let above = parent > 0 ? ",\"parentSpanId\":\"000000000000000\(parent)\"" : ""
        return """
          {"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"\(service)"}}]},"scopeSpans":[{"spans":[\
          {"traceId":"\(id)","spanId":"000000000000000\(number)"\(above),"name":"\(name)","kind":\(kind),\
          "startTimeUnixNano":"\(begin)","endTimeUnixNano":"\(begin + UInt64(length) * 1000)"\(more)}]}]}
          """
      }
      spans.append(span(1, 0, "web", "GET /", 2, 0, total + 1000))
      spans.append(span(2, 1, "orders", "order", 2, 300, total))
      if callsStock {
        spans.append(span(3, 2, "orders", "call stock", 3, cursor, inStock))
        if stockAnswers { spans.append(span(4, 3, "stock", "reserve", 2, cursor + network / 2, stock)) }
        cursor += inStock
      }
      let system = ",\"attributes\":[{\"key\":\"db.system\",\"value\":{\"stringValue\":\"postgresql\"}}]"
      spans.append(
        span(5, 2, "orders", "INSERT", 3, cursor, database, system + (databaseFails ? ",\"status\":{\"code\":2}" : "")))
      return "{\"resourceSpans\":[\(spans.joined(separator: ","))]}"
    }
  }

  private static let end = 1_795_420_000.0

  private func correlate(
    _ requests: Requests = Requests(), seed: UInt64, _ fault: (inout Request) -> Void
  ) throws -> Evidence {
    var random = SeededRandom(seed: seed)
    let path = try TemporaryDirectory().write("traces.jsonl", requests.lines(&random, fault: fault))
    var configuration = CorrelateConfiguration()
    configuration.files = [path]
    configuration.timeout = 60_000_000_000
    var incident = Incident()
    incident.service = "web"
    return Correlator(configuration).run([incident], at: Timestamp(nanoseconds: Int64(PlaceAnalysisTests.end * 1e9)))[0]
      .evidence
  }

  @Test func namesASlowLeafThreeMinutesAfterItBegan() throws {
    let evidence = try correlate(seed: 1) { $0.stock *= 10 }
    #expect(evidence.suspects.first?.service == "stock", "\(evidence.suspects.map(\.text))")
    let onset = try #require(evidence.verdict?.onset)
    #expect(abs(Double(onset.time) / 1e9 - (PlaceAnalysisTests.end - 180)) < 90)
    #expect(onset.earliest <= onset.time && onset.time <= onset.latest)
  }

  @Test func chargesASlowNetworkToTheCalledService() throws {
    let evidence = try correlate(seed: 2) { $0.network += 50_000 }
    #expect(evidence.suspects.first?.service == "stock", "\(evidence.suspects.map(\.text))")
  }

  @Test func namesADatabaseThatFailsForOneRequestInTen() throws {
    var requests = Requests()
    requests.faultLength = 600
    requests.share = 0.1
    let evidence = try correlate(requests, seed: 3) { $0.databaseFails = true }
    let first = try #require(evidence.suspects.first)
    #expect((first.dependency ?? first.service) == "postgresql", "\(evidence.suspects.map(\.text))")
  }

  @Test func namesWhoNoLongerAnswers() throws {
    let evidence = try correlate(seed: 4) {
      $0.stockAnswers = false
      $0.stock = 900_000
    }
    #expect(evidence.suspects.first?.service == "stock", "\(evidence.suspects.map(\.text))")
  }

  @Test func namesWhoNoLongerCalls() throws {
    let evidence = try correlate(seed: 5) { $0.callsStock = false }
    #expect(evidence.suspects.first?.service == "orders", "\(evidence.suspects.map(\.text))")
  }

  @Test func prefersWhatWasGoingOnToWhatWasOver() throws {
    var requests = Requests()
    requests.faultLength = 700
    let evidence = try correlate(requests, seed: 6) { request in
      let age = PlaceAnalysisTests.end - request.start
      if age > 500 { request.stock *= 50 }
      if age < 240 { request.database *= 5 }
    }
    let first = try #require(evidence.suspects.first)
    #expect((first.dependency ?? first.service) == "postgresql", "\(evidence.suspects.map(\.text))")
  }

  @Test func namesWhatStrikesThreeRequestsInAHundred() throws {
    var requests = Requests()
    requests.count = 4500
    requests.faultLength = 360
    requests.share = 0.03
    let evidence = try correlate(requests, seed: 7) { $0.stock += 400_000 }
    #expect(evidence.suspects.first?.service == "stock", "\(evidence.suspects.map(\.text))")
  }

  @Test(arguments: 10..<20)
  func saysWhyNobodyIsNamed(seed: UInt64) throws {
    let evidence = try correlate(seed: seed) { _ in }
    #expect(evidence.suspects.isEmpty, "\(evidence.suspects.map(\.text))")
    #expect(evidence.verdict?.reason?.contains("no place changed") == true)
  }

  @Test func saysThatThereIsNothingToCompareWith() throws {
    var requests = Requests()
    requests.count = 6
    requests.length = 60
    let evidence = try correlate(requests, seed: 30) { _ in }
    #expect(evidence.suspects.isEmpty)
    #expect(evidence.verdict?.reason != nil)
  }
}

import Backends
import Foundation
import Platform
import TestSupport
import Testing
import Transport

@testable import Correlate

/// Generated traces behind a stub of Tempo that answers searches as Tempo does: newest first, cut at the limit.
@Suite struct TempoSuspectTests {
  private func correlate(_ shop: ShopTraces) throws -> Correlation {
    let traces = shop.generate().sorted { $0.start > $1.start }
    let byID = Dictionary(traces.map { ($0.id, $0.json) }) { first, _ in first }
    let server = try StubServer { request in
      guard request.path == "/api/search" else {
        return byID[String(request.path.dropFirst("/api/v2/traces/".count))].map { .ok("{\"trace\":\($0)}") }
          ?? .text(404, "")
      }
      let query = request.query
      let text = query["q"] ?? ""
      let bound = text.components(separatedBy: "duration > ").dropFirst().first.flatMap {
        Double($0.prefix { $0.isNumber })
      }
      let found = traces.filter { trace in
        trace.start >= Double(query["start"] ?? "") ?? 0 && trace.start < Double(query["end"] ?? "") ?? 0
          && (!text.contains("status = error") || trace.isError) && bound.map { trace.duration > $0 } ?? true
      }
      let listed = found.prefix(Int(query["limit"] ?? "") ?? 20).map { trace in
        """
        {"traceID":"\(trace.id.drop { $0 == "0" })","rootServiceName":"web","rootTraceName":"POST /checkout",\
        "startTimeUnixNano":"\(UInt64(trace.start * 1e6))000","durationMs":\(Int(trace.duration))}
        """
      }
      return .ok("{\"traces\":[\(listed.joined(separator: ","))]}")
    }
    var configuration = CorrelateConfiguration()
    configuration.tempo = try HTTPURL(server.url)
    configuration.windowLength = Int64(shop.length * 1e9)
    configuration.timeout = 30_000_000_000
    var incident = Incident()
    incident.service = "payments-api"
    let middle = Timestamp(nanoseconds: Int64((shop.start + shop.length * 1.5) * 1e9))
    let result = Correlator(configuration).run([incident], at: middle)[0]
    server.stop()
    return result
  }

  @Test(arguments: 1...5)
  func namesAPlantedIncidentFirst(seed: Int) throws {
    let result = try correlate(ShopTraces(seed: UInt64(seed), incident: .init()))
    #expect(result.skipped.isEmpty, "\(result.skipped)")
    let suspects = result.evidence.suspects
    let first = try #require(suspects.first)
    #expect(first.attribute == "tenant.id" && first.value == "acme", "\(suspects.map(\.text))")
    #expect(first.dependency == "fraud", "\(suspects.map(\.text))")
  }

  @Test(arguments: 1...5)
  func namesNobodyInAQuietWindow(seed: Int) throws {
    let suspects = try correlate(ShopTraces(seed: UInt64(seed + 200))).evidence.suspects
    #expect(suspects.isEmpty, "\(suspects.map(\.text))")
  }
}

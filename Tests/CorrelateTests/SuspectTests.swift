import OTLP
import Platform
import TestSupport
import Testing
import TraceFormats

@testable import Correlate

@Suite struct SuspectTests {
  private func suspects(_ traces: ShopTraces, service: String = "payments-api") throws -> [Suspect] {
    let path = try TemporaryDirectory().write("traces.jsonl", traces.lines())
    let start = Timestamp(nanoseconds: Int64((traces.start + traces.length) * 1e9))
    let end = start.advanced(byNanoseconds: Int64(traces.length * 1e9))
    let deadline = monotonicNanoseconds() + 60_000_000_000
    let task = CorrelationTask(
      configuration: CorrelateConfiguration(), incident: Incident(), service: service,
      window: CorrelationWindow(start: start, end: end), deadline: deadline)
    let feed = FileFeed(paths: [path], options: TraceInputOptions(), skipsBad: false, deadline: deadline)
    let sample = try JudgedTraces.read(feed, task).sample
    return SuspectAnalysis(service: service, sample: sample).suspects()
  }

  @Test(arguments: 1...20)
  func namesAPlantedIncidentFirst(seed: Int) throws {
    let found = try suspects(ShopTraces(seed: UInt64(seed), incident: .init()))
    let first = try #require(found.first)
    #expect(first.kind == .attribute, "\(found.map(\.text))")
    #expect(first.attribute == "tenant.id" && first.value == "acme", "\(found.map(\.text))")
    #expect(first.dependency == "fraud", "\(found.map(\.text))")
    #expect((first.lift ?? 0) > 5)
    #expect(found.contains { $0.kind == .dependency && $0.service == "fraud" })
    #expect(found.contains { $0.kind == .criticalPath && $0.service == "fraud" && $0.span == "Check" })
  }

  @Test(arguments: 1...20)
  func namesNobodyInAQuietWindow(seed: Int) throws {
    let found = try suspects(ShopTraces(seed: UInt64(seed + 100)))
    #expect(found.isEmpty, "\(found.map(\.text))")
  }

  @Test func namesADatabaseBehindAClientSpan() throws {
    var incident = ShopTraces.Incident()
    incident.dependency = "database"
    incident.value = "globex"
    let found = try suspects(ShopTraces(seed: 7, incident: incident))
    #expect(found.first?.value == "globex")
    #expect(found.first?.dependency == "postgresql")
  }

  @Test func aDependencyThatIsOnlySlowIsFound() throws {
    var traces = ShopTraces(seed: 9, incident: .init())
    traces.incident?.errorRate = 0
    let found = try suspects(traces)
    #expect(found.first?.value == "acme")
    #expect(found.contains { $0.kind == .criticalPath && $0.service == "fraud" })
  }
}

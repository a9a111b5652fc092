import Correlate
import JSON
import MCP
import Platform

/// `correlate_incident`: what `ongrid correlate` prints for one incident, without what differs from call to call.
struct CorrelateTool: InvestigatorTool {
  let configuration: CorrelateConfiguration

  var definition: MCPTool {
    MCPTool(
      "correlate_incident",
      "Start here. Compares metrics, logs and traces around an incident with the hour before and names suspects, each "
        + "with its evidence, when it began, and what was asked. JSON.",
      [
        MCPParameter("service", "Service whose requests are in trouble; needed unless the incident names it"),
        MCPParameter("operation", "Span name"),
        MCPParameter("at", "When it happened: RFC 3339 or now-15m. Default: the incident's time, else now"),
        MCPParameter("window_minutes", .whole(1...240), "Time around it to look at, default 30"),
        MCPParameter("incident", .document, "An alert as JSON, e.g. from Alertmanager"),
      ])
  }

  func answer(_ arguments: MCPArguments, budget: Int, _ call: ToolCall) throws(ToolFailure) -> String {
    guard configuration.hasSource else {
      throw ToolFailure("the server was started without a Prometheus, a Loki, a Tempo or files to correlate")
    }
    var configuration = configuration
    configuration.windowLength = Int64(arguments.whole("window_minutes") ?? 30) * 60 * Nanoseconds.perSecond
    configuration.timeout = max(0, call.deadline.subtractingSaturating(monotonicNanoseconds()))
    let incident = try incident(arguments)
    let moment = try arguments.time("at")
    let results = Correlator(configuration).run([incident], at: moment, cancellation: call.cancellation)
    guard let result = results.first, result.completeness != .nothing else {
      let reasons = results.first?.skipped.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" } ?? []
      throw ToolFailure("no source answered: " + reasons.joined(separator: "; "))
    }
    return String(decoding: result.json(maximumBytes: budget, isTimed: false), as: UTF8.self)
  }

  private func incident(_ arguments: MCPArguments) throws(ToolFailure) -> Incident {
    var incident = Incident()
    if let document = arguments.document("incident") {
      var writer = JSONWriter()
      writer.value(document)
      let incidents: [Incident]
      do throws(IncidentError) {
        incidents = try writer.bytes.withByteView { view throws(IncidentError) in try IncidentReader.read(view) }
      } catch {
        throw ToolFailure("incident: \(error)")
      }
      guard incidents.count == 1 else { throw ToolFailure("incident holds \(incidents.count) incidents: send one") }
      incident = incidents[0]
    }
    incident.service = arguments.text("service") ?? incident.service
    incident.operation = arguments.text("operation") ?? incident.operation
    guard incident.service?.isEmpty == false else { throw ToolFailure("the incident names no service: give service") }
    CorrelateSettings.compile(&incident, configuration.serviceLabel)
    return incident
  }
}

import Foundation
import OTLP
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// What no backend would ever take is refused for good, element by element.
@Suite struct InvalidDataTests {
  /// A request of one element for each list of fields.
  private func request(_ elements: [(inout ByteBuffer) -> Void]) -> [UInt8] {
    var message = ByteBuffer()
    message.appendField(1) { resource in
      resource.appendField(2) { scope in
        for element in elements { scope.appendField(2) { element(&$0) } }
      }
    }
    return [UInt8](message.view)
  }

  private static func span(_ traceID: [UInt8], _ spanID: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]) -> (inout ByteBuffer) ->
    Void
  {
    { span in
      traceID.withByteView { span.appendField(1, bytes: $0) }
      spanID.withByteView { span.appendField(2, bytes: $0) }
      span.appendField(5, string: "work")
      span.appendField(7, fixed64: 1)
    }
  }

  private static let goodID = [UInt8](repeating: 7, count: 16)
  private static let goodText = String(repeating: "07", count: 16)

  private static func log(_ observed: Bool) -> (inout ByteBuffer) -> Void {
    { log in
      log.appendField(observed ? 11 : 1, fixed64: 1_795_400_000_000_000_000)
      log.appendField(5) { $0.appendField(1, string: "hello") }
    }
  }

  @Test("5 a request without one valid element is refused, over HTTP and gRPC")
  func allInvalid() throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url]) { configuration in
      for signal in [OTLPSignal.metrics, .logs] {
        configuration.destinations.append(.init(url: "file:/dev/null", signal: signal))
      }
    }
    let spans = request([Self.span(Self.goodID)])
    let logs = request([Self.log(false)])
    let metrics = Telemetry.request(.metrics, 2, seed: 1)
    let cases: [(String, OTLPSignal, [UInt8])] = [
      ("logs as traces", .traces, logs), ("observed logs as traces", .traces, request([Self.log(true)])),
      ("metrics as traces", .traces, metrics), ("spans as logs", .logs, spans), ("metrics as logs", .logs, metrics),
      ("spans as metrics", .metrics, spans), ("logs as metrics", .metrics, logs),
      ("a trace id of 3 bytes", .traces, request([Self.span([1, 2, 3])])),
      ("a span id of 16 bytes", .traces, request([Self.span(Self.goodID, Self.goodID)])),
      ("a torn span", .traces, [0x0a, 0x06, 0x12, 0x04, 0x12, 0x02, 0x12, 0x09]),
    ]
    for (name, signal, body) in cases {
      let response = try relay.send(body, path: signal.httpPath)
      #expect(response.status == 400, "\(name)")
      #expect(response.headers["Retry-After"] == nil)
      let call = try relay.call(body, method: signal.grpcPath)
      #expect(call.status == 3, "\(name)")
      #expect(call.details == nil)
    }
    relay.stop()
    #expect(sink.counts.isEmpty)
  }

  @Test("4 of a request with some invalid elements the rest is forwarded, and the reply counts what is not")
  func someInvalid() throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url])
    let body = request([
      Self.span([1, 2, 3]), Self.span(Self.goodID), Self.span(Self.goodID, [1]), { $0.append([0x0a, 0x7f]) },
      Self.log(false),
    ])
    let response = try relay.send(body)
    #expect(response.status == 200)
    // partial_success = 1 { rejected_spans = 1: 4, error_message = 2 }
    #expect(Array(response.body.prefix(1)) == [0x0a])
    #expect(Array(response.body.dropFirst(2).prefix(3)) == [0x08, 4, 0x12])
    let call = try relay.call(body)
    #expect(call.status == 0)
    #expect(Array(call.body.dropFirst(7).prefix(3)) == [0x08, 4, 0x12])
    relay.stop()
    #expect(sink.counts == [Self.goodText: 2])
  }

  @Test("4 the count of what is rejected survives a reply that comes late, and is a string in JSON")
  func lateAndJSON() throws {
    let directory = try TemporaryDirectory()
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url]) { $0.queueDirectory = directory.path("queue") }
    let response = try relay.send(request([Self.span(Self.goodID), Self.span([1])]))
    #expect(response.status == 200)
    #expect(Array(response.body.dropFirst(2).prefix(3)) == [0x08, 1, 0x12])
    let json = #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102"},{"traceId":"\#(Self.goodText)"}]}]}]}"#
    let answer = try relay.send(Array(json.utf8), headers: ["Content-Type": "application/json"])
    #expect(answer.status == 200)
    let object = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: [String: String]]
    #expect(object?["partialSuccess"]?["rejectedSpans"] == "1")
    relay.stop()
    #expect(sink.counts == [Self.goodText: 2])
  }
}

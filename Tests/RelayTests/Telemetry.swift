import Foundation
import OTLP
import Platform

@testable import Relay

/// Requests of any signal made for tests, whose items carry ids, and read back.
enum Telemetry {
  /// A request of `count` items. Metrics hold up to `perMetric` data points each.
  static func request(
    _ signal: OTLPSignal, _ count: Int, seed: UInt64, padding: Int = 0, perMetric: Int = 3
  ) -> [UInt8] {
    let text = String(repeating: "x", count: padding)
    switch signal {
    case .traces: return Spans.request(count, seed: seed, padding: padding)
    case .logs:
      return enclosed { scope in
        for id in numbers(count, seed) {
          scope.appendField(2) { record in
            record.appendField(1, fixed64: 1_795_400_000_000_000_000)
            record.appendField(2, varint: 9)
            record.appendField(5) { body in body.appendField(1, string: "log-\(id) \(text)") }
          }
        }
      }
    case .metrics:
      let ids = numbers(count, seed)
      return enclosed { scope in
        for start in stride(from: 0, to: count, by: perMetric) {
          scope.appendField(2) { metric in
            metric.appendField(1, string: "work.done")
            metric.appendField(3, string: "{item}")
            metric.appendField(7) { sum in
              sum.appendField(2, varint: 2)
              for id in ids[start..<min(start + perMetric, count)] {
                sum.appendField(1) { point in
                  point.appendField(3, fixed64: 1_795_400_000_000_000_000)
                  point.appendField(6, fixed64: id)
                  point.appendField(7) { attribute in attribute.appendField(1, string: "key\(text)") }
                }
              }
              sum.appendField(3, varint: 1)
            }
          }
        }
      }
    }
  }

  private static func numbers(_ count: Int, _ seed: UInt64) -> [UInt64] {
    (0..<UInt64(count)).map { seed << 32 | ($0 + 1) }
  }

  private static func enclosed(_ elements: (inout ByteBuffer) -> Void) -> [UInt8] {
    var message = ByteBuffer()
    message.appendField(1) { element in
      element.appendField(1) { resource in
        resource.appendField(1) { attribute in
          attribute.appendField(1, string: "service.name")
          attribute.appendField(2) { $0.appendField(1, string: "shop") }
        }
      }
      element.appendField(2) { scope in
        scope.appendField(1) { $0.appendField(1, string: "tests") }
        elements(&scope)
      }
    }
    return [UInt8](message.view)
  }

  /// The ids of the items of a request of `request`.
  static func ids(_ signal: OTLPSignal, _ count: Int, seed: UInt64) -> Set<String> {
    switch signal {
    case .traces: Spans.ids(count, seed: seed)
    case .metrics: Set(numbers(count, seed).map { String($0) })
    case .logs: Set(numbers(count, seed).map { "log-\($0)" })
    }
  }

  /// The ids in a request, read from where `request` put them: the data points' values, the first word of the bodies.
  static func ids(_ signal: OTLPSignal, in body: [UInt8]) throws -> [String] {
    if signal == .traces { return try Spans.ids(in: body) }
    let elements = try values(2, in: values(2, in: values(1, in: [body])))
    if signal == .logs {
      return try values(1, in: values(5, in: elements)).map {
        String(decoding: $0.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
      }
    }
    return try values(1, in: values(7, in: elements)).map { point in
      try point.withByteView { (view) throws(WireError) in
        var cursor = WireCursor(view)
        while let tag = try cursor.nextTag() {
          if tag == WireTag(field: 6, .fixed64) { return String(try cursor.fixed64()) }
          try cursor.skip(tag)
        }
        return "none"
      }
    }
  }

  /// The length-delimited values of one field of all `messages`.
  static func values(_ field: Int, in messages: [[UInt8]]) throws -> [[UInt8]] {
    var found: [[UInt8]] = []
    for message in messages {
      try message.withByteView { (view) throws(WireError) in
        var cursor = WireCursor(view)
        while let tag = try cursor.nextTag() {
          if tag == WireTag(field: field, .lengthDelimited) {
            found.append([UInt8](try cursor.bytes()))
          } else {
            try cursor.skip(tag)
          }
        }
      }
    }
    return found
  }

  /// A request as OTLP/JSON.
  static func json(_ signal: OTLPSignal, _ request: [UInt8]) throws -> [UInt8] {
    var out = ByteBuffer()
    try request.withByteView { (view) throws(WireError) in try OTLPJSONWriter().write(view, signal, into: &out) }
    return [UInt8](out.view)
  }
}

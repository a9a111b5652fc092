import Compression
import OTLP
import Platform

/// The request that is sent over and over: spans of about 180 bytes each.
struct Template {
  let body: [UInt8]
  let spans: Int

  init(spans: Int, encoding: String) throws {
    self.spans = spans
    var random = SystemRandomNumberGenerator()
    var message = ByteBuffer()
    message.appendField(1) { resourceSpans in
      resourceSpans.appendField(1) { resource in
        Template.attribute(&resource, 1, "service.name", "checkout-api")
        Template.attribute(&resource, 1, "deployment.environment.name", "production")
      }
      resourceSpans.appendField(2) { scopeSpans in
        scopeSpans.appendField(1) { scope in scope.appendField(1, string: "bench") }
        for index in 0..<spans {
          scopeSpans.appendField(2) { span in
            let id = (0..<24).map { _ in UInt8.random(in: 1...255, using: &random) }
            id[0..<16].withContiguousBytes { span.appendField(1, bytes: $0) }
            id[16..<24].withContiguousBytes { span.appendField(2, bytes: $0) }
            span.appendField(5, string: "GET /api/v1/cart")
            span.appendField(6, varint: 2)
            span.appendField(7, fixed64: 1_795_400_000_000_000_000 + UInt64(index) * 1_000_003)
            span.appendField(8, fixed64: 1_795_400_000_001_000_000 + UInt64(index) * 1_000_003)
            Template.attribute(&span, 9, "http.request.method", "GET")
            Template.attribute(&span, 9, "http.route", "/api/v1/cart")
            Template.attribute(&span, 9, "user.id", "u-\(100_000 + index)")
          }
        }
      }
    }
    guard encoding == "gzip" else {
      body = [UInt8](message.view)
      return
    }
    var compressor = try Compressor(.gzip, level: 6)
    var member = ByteBuffer()
    try compressor.compress(message.view, into: &member)
    body = [UInt8](member.view)
  }

  private static func attribute(_ out: inout ByteBuffer, _ field: Int, _ key: String, _ value: String) {
    out.appendField(field) { attribute in
      attribute.appendField(1, string: key)
      attribute.appendField(2) { any in any.appendField(1, string: value) }
    }
  }
}

extension ArraySlice<UInt8> {
  fileprivate func withContiguousBytes(_ body: (ByteView) -> Void) {
    withUnsafeBytes { body(ByteView($0)) }
  }
}

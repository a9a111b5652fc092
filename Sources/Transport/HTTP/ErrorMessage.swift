import JSON
import Platform

/// What a server's error response says, as one line.
public enum ErrorMessage {
  /// Longest message that is passed on, in characters.
  private static let limit = 300

  /// Plain text as it is, the message field of the JSON errors that Prometheus, Jaeger and Zipkin write, and nothing of
  /// an HTML page.
  public static func of(_ response: HTTPResponse) -> String {
    let type = response.headers["Content-Type"] ?? ""
    if type.contains("html") { return "" }
    if type.contains("json"), let document = try? response.body.withByteView({ try JSONDocument.parse($0) }) {
      let text =
        document["error"]?.string ?? document["message"]?.string ?? document["error"]?["message"]?.string
        ?? document["errors"]?[0]?["msg"]?.string
      if let text { return line(text) }
    }
    return line(String(decoding: response.body.prefix(4 * limit), as: UTF8.self))
  }

  /// `text` on one line, without control characters, cut to a readable length.
  public static func line(_ text: String) -> String {
    let words = text.split { $0.isNewline || $0 == "\t" || $0 == " " }.joined(separator: " ")
    let printable = words.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }
    let result = String(String.UnicodeScalarView(printable))
    return result.count <= limit ? result : result.prefix(limit) + "…"
  }

  /// Whether a server's words say that something is over a limit of size, which it will be the next time too: "larger than
  /// max" (gRPC in Go, C++ and Python; Tempo), "exceeds maximum size" (Java), "message length too large" (tonic), "trace
  /// exceeds max size" (Tempo).
  public static func namesSize(_ text: String) -> Bool {
    let text = text.lowercased()
    return ["larger than", "exceeds max", "exceeds the max", "too large"].contains { text.contains($0) }
  }
}

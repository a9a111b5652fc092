import OTLP
import Platform

/// Turns trace documents into OTLP.
enum TraceDocument {
  /// The TracesData that a JSON body holds: OTLP/JSON, Tempo's or Jaeger's v3. A body of several documents is one trace
  /// in parts.
  static func otlp(fromJSON body: [UInt8], _ client: BackendClient) throws(BackendError) -> [UInt8] {
    do throws(TranscodeError) {
      return try body.withByteView { view throws(TranscodeError) in
        var transcoder = JSONTranscoder(view)
        var buffer = ByteBuffer(capacity: view.count)
        while let document = try transcoder.next(into: &buffer) {
          guard document.signal != nil else { throw TranscodeError("the JSON holds no trace", at: 0) }
        }
        return Array(buffer.view)
      }
    } catch {
      throw client.unexpected(error.description)
    }
  }
}

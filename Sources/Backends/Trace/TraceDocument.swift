import Platform
import TraceFormats

/// Turns trace documents into OTLP.
enum TraceDocument {
  /// The TracesData that a JSON body holds: OTLP/JSON, Tempo's, Jaeger's or Zipkin's. A body of several documents is one
  /// trace in parts.
  static func otlp(fromJSON body: [UInt8], _ client: BackendClient) throws(BackendError) -> [UInt8] {
    do throws(InputError) {
      return try body.withByteView { view throws(InputError) in try TraceJSON.traces(in: view) }
    } catch {
      throw client.unexpected(error.message)
    }
  }
}

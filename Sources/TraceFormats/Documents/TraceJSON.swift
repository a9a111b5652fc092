import OTLP
public import Platform

/// Answers of servers, in any of the JSON formats that files come in.
public enum TraceJSON {
  /// The traces in `text` as one TracesData.
  public static func traces(in text: ByteView) throws(InputError) -> [UInt8] {
    let buffers = ChunkBuffers()
    let chunk = TraceChunk(
      source: "the answer", index: 0, format: .json, offset: 0, line: 1, buffers.take(), from: buffers,
      findings: InputFindings())
    var decoder = TraceDecoder()
    var traces: [UInt8] = []
    try decoder.json(text, in: chunk, at: { .byte($0) }) { (message, _) throws(WireError) in traces.append(message) }
    return traces
  }
}

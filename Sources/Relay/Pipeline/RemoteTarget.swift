import Compression
import OTLP
import Platform
import Transport

/// An OTLP server, over HTTP or gRPC.
struct RemoteTarget: Target {
  let name: String
  var identity: String { "\(endpoint.url.origin)\(endpoint.url.path) \(options.tenant ?? "")" }
  let encoding: ContentEncoding
  private let endpoint: OTLPEndpoint
  private let options: HTTPOptions

  /// - Parameters:
  ///   - url: `http(s)://host[:port][/path]` or `grpc(s)://host[:port]`.
  ///   - isComplete: whether a URL without a path means the root, rather than the signal's own path.
  init(
    url: String, isComplete: Bool = false, signal: OTLPSignal, options: HTTPOptions, encoding: ContentEncoding
  ) throws(RelayError) {
    guard url.contains("://") else {
      throw .badDestination(
        HTTPURL.redacted(url), reason: "write https://HOST, grpcs://HOST:4317, http:// or grpc://, file:PATH or -")
    }
    do throws(HTTPError) {
      endpoint = try OTLPEndpoint(url, signal: signal, isComplete: isComplete)
    } catch {
      throw .badDestination(HTTPURL.redacted(url), reason: error.description)
    }
    self.options = options
    self.encoding = encoding
    name = endpoint.url.origin
  }

  func makeExporter(cancellation: HTTPCancellation) throws(RelayError) -> any Exporter {
    do throws(HTTPError) {
      return RemoteExporter(try OTLPExporter(endpoint: endpoint, options: options), cancellation)
    } catch {
      throw .badDestination(name, reason: error.description)
    }
  }
}

/// One sender's connection to an OTLP server.
private final class RemoteExporter: Exporter {
  private let exporter: OTLPExporter
  private let cancellation: HTTPCancellation

  init(_ exporter: OTLPExporter, _ cancellation: HTTPCancellation) {
    self.exporter = exporter
    self.cancellation = cancellation
  }

  func export(_ body: OutgoingBody, signal: OTLPSignal) -> ExportOutcome {
    var cursor = PieceCursor(body.pieces)
    let source = HTTPBody.source(length: body.count) { offset, room in cursor.copy(from: offset, into: room) }
    return exporter.export(source, encoding: body.encoding, cancellation: cancellation)
  }
}

/// Reads pieces one after the other as if they were one, remembering where it stands.
private struct PieceCursor {
  private let pieces: [OwnedBytes]
  private var index = 0
  /// Offset of the piece at `index` from the start of all.
  private var start = 0

  init(_ pieces: [OwnedBytes]) { self.pieces = pieces }

  /// Copies from `offset` on, as much as `room` takes; 0 at the end.
  mutating func copy(from offset: Int, into room: UnsafeMutableRawBufferPointer) -> Int {
    if offset < start {
      index = 0
      start = 0
    }
    var position = offset
    var written = 0
    while written < room.count, index < pieces.count {
      let view = pieces[index].view
      let part = view[position - start..<min(position - start + room.count - written, view.count)]
      if let target = room.baseAddress { (target + written).copyMemory(from: part.start, byteCount: part.count) }
      written += part.count
      position += part.count
      if position - start < view.count { break }
      start += view.count
      index += 1
    }
    return written
  }
}

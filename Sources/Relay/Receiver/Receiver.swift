import Compression
import OTLP
import Platform

/// Turns the bodies of requests into payloads: decompresses, checks, counts, and hands them to the intake.
final class Receiver: Sendable {
  let counters: ReceiverCounters
  private let maxRequest: Int
  private let intake: any Intake
  private let splitter: RequestSplitter
  private let resource: ResourceSplice?

  /// - Parameters:
  ///   - maxRequest: bytes of a request after decompression.
  ///   - splitter: how large a payload may be.
  ///   - resource: attributes to set on everything that passes.
  init(
    maxRequest: Int, intake: any Intake, counters: ReceiverCounters, splitter: RequestSplitter,
    resource: ResourceSplice? = nil
  ) {
    self.maxRequest = maxRequest
    self.intake = intake
    self.counters = counters
    self.splitter = splitter
    self.resource = resource
  }

  /// Called several times a second by the event loops.
  func tick(_ now: Int64) { intake.tick(now) }

  /// Looks at a request's body; the reply goes to `ticket` later when `nil` is returned.
  func receive(
    _ body: consuming ByteBuffer, _ source: RequestSource, format: PayloadFormat, coding: ContentEncoding,
    workspace: Workspace, ticket: Ticket
  ) -> Reply? {
    defer { workspace.trim() }
    let payloads: [Payload]
    let size = body.count
    do throws(Rejection) {
      payloads = try read(body, source, format, coding, workspace)
    } catch {
      counters.refused(error.refusal, signal: source.signal, transport: source.transport)
      return .refused(error.refusal)
    }
    let items = payloads.reduce(0) { $0 + $1.items }
    // An empty request is a success and nobody needs to hear of it.
    let reply = payloads.isEmpty ? Reply.accepted() : intake.take(payloads, ticket: ticket)
    switch reply {
    case .refused(let refusal)?:
      counters.refused(refusal, signal: source.signal, transport: source.transport, items: items)
    case .accepted?, nil:
      counters.accepted(source, items: items, bytes: size)
    }
    if reply != nil { counters.duration.record(Double(monotonicNanoseconds() - source.began) / 1e9) }
    return reply
  }

  /// Why a body is not taken; a box, since typed throws wants an error type.
  private struct Rejection: Error { let refusal: Refusal }

  private func read(
    _ body: consuming ByteBuffer, _ source: RequestSource, _ format: PayloadFormat, _ coding: ContentEncoding,
    _ workspace: Workspace
  ) throws(Rejection) -> [Payload] {
    var isInScratch = false
    var form = GzipDecompressor.Form.severalMembers
    if coding != .identity {
      do throws(CompressionError) {
        if coding == .gzip, intake.wantsGzip {
          form = try workspace.decompressor.decompressGzip(
            body.view, into: &workspace.scratch, limit: maxRequest)
        } else {
          try workspace.decompressor.decompress(body.view, coding, into: &workspace.scratch, limit: maxRequest)
        }
        isInScratch = true
      } catch {
        throw rejection(error)
      }
    }
    if format == .json {
      let transcoded = try transcode(isInScratch ? workspace.scratch.view : body.view, source.signal)
      body = transcoded
      isInScratch = false
    }
    let view = isInScratch ? workspace.scratch.view : body.view
    let walk: RequestWalk
    do throws(WireError) {
      walk = try RequestWalk(view, signal: source.signal)
    } catch {
      throw Rejection(refusal: Refusal(.malformed, "\(error)"))
    }
    if walk.elements == 0 { return [] }
    let now = monotonicNanoseconds()
    if resource != nil || splitter.mustSplit(items: walk.items, bytes: view.count) {
      do throws(WireError) {
        return try parts(view, walk, source.signal, now)
      } catch {
        throw Rejection(refusal: Refusal(.malformed, "\(error)"))
      }
    }
    let size = view.count
    guard isInScratch else {
      return [
        Payload(
          signal: source.signal, items: walk.items, plainSize: size, plain: OwnedBytes(body), gzip: nil, accepted: now)
      ]
    }
    // What leaves must be one member.
    let keepsGzip = coding == .gzip && intake.wantsGzip && form != .severalMembers
    var seam: GzipSeam?
    if case .joinable(let found) = form { seam = found }
    var plain: OwnedBytes?
    if intake.wantsPlain || !keepsGzip {
      var copy = ByteBuffer(capacity: size)
      copy.append(view)
      plain = OwnedBytes(copy)
    }
    return [
      Payload(
        signal: source.signal, items: walk.items, plainSize: size, plain: plain,
        gzip: keepsGzip ? OwnedBytes(body) : nil, seam: seam, accepted: now)
    ]
  }

  /// The request with the resource attributes set, cut where it is too large.
  private func parts(
    _ request: ByteView, _ walk: RequestWalk, _ signal: OTLPSignal, _ now: Int64
  ) throws(WireError) -> [Payload] {
    var spliced = ByteBuffer(capacity: 16)
    var request = request
    if let resource {
      spliced = ByteBuffer(capacity: request.count + 256)
      try resource.apply(to: request, into: &spliced)
      request = spliced.view
    }
    var payloads: [Payload] = []
    try splitter.split(request, signal: signal, items: walk.items) { (part, items) in
      let size = part.count
      payloads.append(
        Payload(signal: signal, items: items, plainSize: size, plain: OwnedBytes(part), gzip: nil, accepted: now))
    }
    return payloads
  }

  private func transcode(_ text: ByteView, _ signal: OTLPSignal) throws(Rejection) -> ByteBuffer {
    var transcoder = JSONTranscoder(text, signal: signal)
    var message = ByteBuffer(capacity: text.count / 2 + 64)
    do throws(TranscodeError) {
      guard try transcoder.next(into: &message) != nil else { throw TranscodeError("the body is empty", at: 0) }
      var rest = ByteBuffer(capacity: 16)
      if try transcoder.next(into: &rest) != nil {
        throw TranscodeError("more than one JSON document", at: transcoder.position)
      }
    } catch {
      throw Rejection(refusal: Refusal(.malformed, "invalid OTLP/JSON: \(error)"))
    }
    if message.count > maxRequest {
      throw Rejection(refusal: Refusal(.tooLarge, "the request is larger than \(maxRequest) bytes"))
    }
    return message
  }

  private func rejection(_ error: CompressionError) -> Rejection {
    switch error {
    case .tooLarge(let limit):
      Rejection(refusal: Refusal(.tooLarge, "the request is larger than \(limit) bytes when decompressed"))
    case .outOfMemory: Rejection(refusal: Refusal(.overloaded, "out of memory", retryAfter: 5))
    case .corrupt, .truncated: Rejection(refusal: Refusal(.malformed, "\(error)"))
    }
  }
}

import Compression
import OTLP
import Platform

/// Turns the bodies of requests into payloads: decompresses, checks, counts, and hands them to the intake.
final class Receiver: Sendable {
  let counters: ReceiverCounters
  let maxRequest: Int
  private let intake: any Intake
  private let splitter: RequestSplitter
  private let resource: ResourceSplice?
  private let rewriter: (any TraceRewriter)?

  /// - Parameters:
  ///   - maxRequest: bytes of a request after decompression.
  ///   - splitter: how large a payload may be.
  ///   - resource: attributes to set on everything that passes.
  ///   - rewriter: changes traces.
  init(
    maxRequest: Int, intake: any Intake, counters: ReceiverCounters, splitter: RequestSplitter,
    resource: ResourceSplice? = nil, rewriter: (any TraceRewriter)? = nil
  ) {
    self.rewriter = rewriter
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
    _ body: consuming ByteBuffer, _ source: RequestSource, format: PayloadFormat, coding: RequestCoding,
    workspace: Workspace, ticket: Ticket
  ) -> Reply? {
    defer { workspace.trim() }
    var ticket = ticket
    let payloads: [Payload]
    let size = body.count
    do throws(Unreadable) {
      payloads = try read(body, source, format, coding, workspace, &ticket.rejection)
    } catch {
      counters.refused(error.refusal, signal: source.signal, transport: source.transport)
      return .refused(error.refusal)
    }
    let items = payloads.reduce(0) { $0 + $1.items }
    // An empty request is a success and nobody needs to hear of it.
    let receipt = Receipt(
      counters: counters, source: source, items: items, rejected: ticket.rejection.items, bytes: size)
    ticket.receipt = receipt
    let reply = payloads.isEmpty ? Reply.accepted() : intake.take(payloads, ticket: ticket)
    if let reply { receipt.count(reply) }
    return reply.map { ticket.rejection.completing($0) }
  }

  /// Why a body is not taken; a box, since typed throws wants an error type.
  private struct Unreadable: Error { let refusal: Refusal }

  private func read(
    _ body: consuming ByteBuffer, _ source: RequestSource, _ format: PayloadFormat, _ coding: RequestCoding,
    _ workspace: Workspace, _ rejection: inout Rejection
  ) throws(Unreadable) -> [Payload] {
    var isInScratch = false
    var form = GzipDecompressor.Form.severalMembers
    if coding != .identity {
      do throws(CompressionError) {
        if coding == .gzip, intake.wantsGzip {
          form = try workspace.decompressGzip(body.view, limit: maxRequest)
        } else {
          try workspace.decompress(body.view, coding, limit: maxRequest)
        }
        isInScratch = true
      } catch {
        throw unreadable(error)
      }
    }
    if format == .json {
      let transcoded = try transcode(isInScratch ? workspace.scratch.view : body.view, source.signal)
      body = transcoded
      isInScratch = false
    }
    var walk: RequestWalk
    do throws(WireError) {
      walk = try RequestWalk(isInScratch ? workspace.scratch.view : body.view, signal: source.signal)
    } catch {
      let valid = try valid(isInScratch ? workspace.scratch.view : body.view, source.signal, error, &rejection)
      body = valid
      isInScratch = false
      do throws(WireError) { walk = try RequestWalk(body.view, signal: source.signal) } catch {
        throw Unreadable(refusal: Refusal(.malformed, "\(error)"))
      }
    }
    if walk.hasOldNames {
      var rewritten = ByteBuffer(capacity: 16)
      do throws(WireError) {
        try OldNames.rewrite(isInScratch ? workspace.scratch.view : body.view, into: &rewritten)
      } catch { throw Unreadable(refusal: Refusal(.malformed, "\(error)")) }
      body = rewritten
      isInScratch = false
    }
    if walk.elements == 0 { return [] }
    let view = isInScratch ? workspace.scratch.view : body.view
    let now = monotonicNanoseconds()
    let isRewritten = rewriter != nil && source.signal == .traces
    if resource != nil || isRewritten || splitter.mustSplit(items: walk.items, bytes: view.count) {
      do throws(WireError) {
        return try parts(view, walk, source.signal, now)
      } catch {
        throw Unreadable(refusal: Refusal(.malformed, "\(error)"))
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

  /// What is valid of a request in which `error` was found.
  private func valid(
    _ request: ByteView, _ signal: OTLPSignal, _ error: WireError, _ rejection: inout Rejection
  ) throws(Unreadable) -> ByteBuffer {
    do throws(WireError) {
      var elements = try ValidElements(of: request, signal: signal)
      guard elements.kept > 0 else { throw error }
      let reason = elements.firstError.map { ", such as: \($0)" } ?? ""
      rejection = Rejection(
        items: elements.rejected, reason: "\(signal.items(elements.rejected)) cannot be read\(reason)")
      return elements.takeMessage()
    } catch {
      throw Unreadable(refusal: Refusal(.malformed, "the body holds no \(signal) that can be read: \(error)"))
    }
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
    var rewritten = ByteBuffer(capacity: 16)
    if signal == .traces, let rewriter {
      rewritten = ByteBuffer(capacity: request.count + 256)
      try rewriter.rewrite(request, into: &rewritten)
      request = rewritten.view
    }
    var payloads: [Payload] = []
    try splitter.split(request, signal: signal, items: walk.items) { (part, items) in
      let size = part.count
      payloads.append(
        Payload(signal: signal, items: items, plainSize: size, plain: OwnedBytes(part), gzip: nil, accepted: now))
    }
    return payloads
  }

  private func transcode(_ text: ByteView, _ signal: OTLPSignal) throws(Unreadable) -> ByteBuffer {
    var transcoder = JSONTranscoder(text, signal: signal)
    var message = ByteBuffer(capacity: text.count / 2 + 64)
    do throws(TranscodeError) {
      guard try transcoder.next(into: &message) != nil else { throw TranscodeError("the body is empty", at: 0) }
      var rest = ByteBuffer(capacity: 16)
      if try transcoder.next(into: &rest) != nil {
        throw TranscodeError("more than one JSON document", at: transcoder.position)
      }
    } catch {
      throw Unreadable(refusal: Refusal(.malformed, "invalid OTLP/JSON: \(error)"))
    }
    if message.count > maxRequest {
      throw Unreadable(refusal: Refusal(.tooLarge, "the request is larger than \(maxRequest) bytes"))
    }
    return message
  }

  private func unreadable(_ error: CompressionError) -> Unreadable {
    switch error {
    case .tooLarge(let limit):
      Unreadable(refusal: Refusal(.tooLarge, "the request is larger than \(limit) bytes when decompressed"))
    case .outOfMemory: Unreadable(refusal: Refusal(.overloaded, "out of memory", retryAfter: 5))
    case .corrupt, .corruptDeflate, .truncated: Unreadable(refusal: Refusal(.malformed, "\(error)"))
    }
  }
}

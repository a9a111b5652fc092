import Platform

/// One client connection: moves bytes between its channel and the protocol that the client turned out to speak.
///
/// Lives on its event loop's thread only. After each call the loop looks at `isClosed` and `changedInterest`.
final class Connection {
  let id: UInt64
  let descriptor: Int32
  let context: ConnectionContext
  private let channel: any Channel
  private let output: ConnectionOutput
  private let opened: Int64
  /// When the client last did something, in monotonic ns.
  private(set) var lastActive: Int64

  private enum Speaks {
    /// Fewer bytes have come than tell HTTP/1.1 from HTTP/2.
    case unknown([UInt8])
    case http1(HTTP1Connection)
    case http2(HTTP2Connection)
  }

  private var speaks = Speaks.unknown([])
  /// What the last attempt to read or to write waits for: the socket to be readable or, through TLS, the other way round.
  private var readWaitsForWriting = false
  private var writeWaits: Direction?
  private var interest = Interest.reading
  private var lingersUntil: Int64?
  private(set) var isClosed = false

  private enum Direction { case reading, writing }

  init(id: UInt64, descriptor: Int32, channel: any Channel, context: ConnectionContext) {
    self.id = id
    self.descriptor = descriptor
    self.channel = channel
    self.context = context
    output = ConnectionOutput(id: id, context.loop)
    opened = context.loop.now
    lastActive = opened
  }

  /// Whether no request is under way, so that the connection may be ended.
  var isIdle: Bool {
    guard output.bytes.isEmpty, lingersUntil == nil else { return false }
    return switch speaks {
    case .unknown: true
    case .http1(let http1): http1.isIdle
    case .http2(let http2): http2.streams.isEmpty
    }
  }

  private var wantsInput: Bool { !isClosed && (lingersUntil != nil || !output.pausesInput) }

  /// What the connection wants to hear of, when that is not what it said last.
  func changedInterest() -> Interest? {
    let wanted = Interest(
      read: (wantsInput && !readWaitsForWriting) || writeWaits == .reading,
      write: writeWaits == .writing || (wantsInput && readWaitsForWriting))
    if wanted == interest { return nil }
    interest = wanted
    return wanted
  }

  func readable() {
    lastActive = context.loop.now
    if writeWaits == .reading {
      writeWaits = nil
      flush()
    }
    if !readWaitsForWriting { readInput() }
  }

  func writable() {
    if writeWaits == .writing {
      writeWaits = nil
      flush()
    }
    if readWaitsForWriting {
      readWaitsForWriting = false
      readInput()
    }
  }

  private func readInput() {
    // A bounded number of rounds: other connections want their turn. What TLS has buffered must not be left, though: no
    // event would come for it.
    var rounds = 0
    while wantsInput, rounds < 4 || channel.hasBuffered {
      rounds += 1
      if case .http1(let http1) = speaks, lingersUntil == nil, let taken = http1.readBody(from: channel) {
        if !proceed(taken, room: Int.max) { return }
        flush()
        continue
      }
      let buffer = context.loop.readBuffer
      let result = channel.read(into: buffer)
      if case .bytes(let count) = result, lingersUntil == nil {
        receive(ByteView(UnsafeRawBufferPointer(rebasing: buffer[..<count])))
        flush()
      }
      if !proceed(result, room: buffer.count) { return }
    }
  }

  /// Whether there may be more to read at once.
  private func proceed(_ result: IOResult, room: Int) -> Bool {
    switch result {
    case .bytes(let count): return count == room || room == Int.max
    case .wouldBlock(let forWriting):
      readWaitsForWriting = forWriting
      return false
    case .closed:
      close()
      return false
    }
  }

  private func receive(_ bytes: ByteView) {
    switch speaks {
    case .http1(let http1): http1.receive(bytes)
    case .http2(let http2): http2.receive(bytes)
    case .unknown(var first):
      first.append(bytes)
      let preface = Array("PRI ".utf8)
      if first.starts(with: preface) {
        guard let http2 = HTTP2Connection(output, context) else { return close() }
        speaks = .http2(http2)
      } else if !preface.starts(with: first) {
        speaks = .http1(HTTP1Connection(output, context))
      } else {
        speaks = .unknown(first)
        return
      }
      first.withByteView { receive($0) }
    }
  }

  /// The response to a request that took its time.
  func complete(_ stream: Int32, _ response: ServerResponse) {
    let hadPaused = output.pausesInput
    switch speaks {
    case .unknown: break
    case .http1(let http1): http1.complete(response)
    case .http2(let http2): http2.complete(stream, response)
    }
    flush()
    // What TLS has buffered meanwhile shows in no event.
    if hadPaused, !output.pausesInput, channel.hasBuffered { readInput() }
  }

  private func flush() {
    guard !isClosed else { return }
    if case .http2(let http2) = speaks { http2.produce() }
    if output.closesNow { return close() }
    while !output.bytes.isEmpty {
      if writeWaits != nil { return }
      switch channel.write(output.bytes.view.buffer) {
      case .bytes(let count): output.took(count)
      case .wouldBlock(let forWriting): writeWaits = forWriting ? .writing : .reading
      case .closed: return close()
      }
      if output.bytes.isEmpty, case .http2(let http2) = speaks { http2.produce() }
    }
    if output.closesAfterSending, lingersUntil == nil {
      // Closing with unread input would reset the connection and could take the response with it.
      channel.finishSending()
      lingersUntil = context.loop.now + 2 * Nanoseconds.perSecond
    }
  }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    switch speaks {
    case .unknown: break
    case .http1(let http1): http1.end()
    case .http2(let http2): http2.end()
    }
    speaks = .unknown([])
  }

  /// The server stops: finishes what is under way.
  func drain() {
    switch speaks {
    case .unknown: close()
    case .http1(let http1): http1.drain()
    case .http2(let http2): http2.drain()
    }
    flush()
  }

  /// Ends the connection when the client takes too long over something.
  func check(_ now: Int64) {
    if let lingersUntil {
      if now > lingersUntil { close() }
      return
    }
    let limits = context.limits
    if !output.bytes.isEmpty, now - output.progress > limits.writeTimeout.nanoseconds { return close() }
    switch speaks {
    case .unknown: if now - opened > limits.headerTimeout.nanoseconds { close() }
    case .http1(let http1): http1.check(now)
    case .http2(let http2): http2.check(now)
    }
    flush()
  }
}

import Platform

/// One client connection: moves bytes between its transport and the protocol that the client turned out to speak.
///
/// Lives on its event loop's thread only.
final class Connection {
  let id: UInt64
  let descriptor: Int32
  unowned let loop: EventLoop
  private let transport: any Transport
  private let isAdmin: Bool

  private enum Speaks {
    /// Fewer bytes have come than tell HTTP/1.1 from HTTP/2.
    case unknown([UInt8])
    case http1(HTTP1Connection)
    case http2(HTTP2Connection)
  }

  private var speaks = Speaks.unknown([])
  private var output = ByteBuffer(capacity: 512)
  private var reads = true
  private var writes = false
  /// TLS cannot read before it has written.
  private var readWantsWriting = false
  private var isClosed = false
  /// Once the output is out: end the sending direction and wait for the client to close.
  private var closesAfterOutput = false
  private var lingersUntil: Int64?
  /// When the client last took output, or was last given some after having taken all.
  private var outputProgress: Int64
  private let opened: Int64

  init(id: UInt64, descriptor: Int32, transport: any Transport, isAdmin: Bool, loop: EventLoop) {
    self.id = id
    self.descriptor = descriptor
    self.transport = transport
    self.isAdmin = isAdmin
    self.loop = loop
    opened = loop.now
    outputProgress = loop.now
  }

  var context: ServerContext { loop.context }

  func readable() {
    // A bounded number of rounds: other connections want their turn. What TLS has buffered must not be left, though: no
    // event would come for it.
    var rounds = 0
    while !isClosed, reads || lingersUntil != nil, rounds < 4 || transport.hasBuffered {
      rounds += 1
      if case .http1(let http1) = speaks, lingersUntil == nil, let taken = http1.readBody(from: transport) {
        if !proceed(taken, room: Int.max) { return }
        flush()
        continue
      }
      let result = transport.read(into: loop.readBuffer)
      if case .bytes(let count) = result, lingersUntil == nil {
        receive(ByteView(UnsafeRawBufferPointer(rebasing: loop.readBuffer[..<count])))
        flush()
      }
      if !proceed(result, room: loop.readBuffer.count) { return }
    }
  }

  /// Whether there may be more to read at once.
  private func proceed(_ result: IOResult, room: Int) -> Bool {
    switch result {
    case .bytes(let count): return count == room || room == Int.max
    case .wouldBlock(let forWriting):
      readWantsWriting = forWriting
      if forWriting { setInterest(reads: reads, writes: true) }
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
      if !isAdmin, first.starts(with: preface) {
        guard let http2 = HTTP2Connection(self) else { return close() }
        speaks = .http2(http2)
      } else if isAdmin || !preface.starts(with: first) {
        speaks = .http1(HTTP1Connection(self, isAdmin: isAdmin))
      } else {
        speaks = .unknown(first)
        return
      }
      first.withByteView { receive($0) }
    }
  }

  /// The reply to a request that took its time.
  func complete(_ stream: Int32, _ reply: Reply) {
    switch speaks {
    case .unknown: break
    case .http1(let http1): http1.complete(reply)
    case .http2(let http2): http2.complete(stream, reply)
    }
    flush()
  }

  /// Adds to what is sent at the next `flush`.
  func send(_ bytes: ByteView) {
    if output.isEmpty { outputProgress = loop.now }
    output.append(bytes)
  }

  func send(_ bytes: [UInt8]) { bytes.withByteView { send($0) } }

  /// How many bytes wait for the client to take them.
  var unsentBytes: Int { output.count }

  func flush() {
    guard !isClosed else { return }
    if case .http2(let http2) = speaks { http2.produce() }
    while !output.isEmpty {
      switch transport.write(output.view.buffer) {
      case .bytes(let count):
        outputProgress = loop.now
        output.removeFirst(count)
      case .wouldBlock: return setInterest(reads: reads, writes: true)
      case .closed: return close()
      }
    }
    if writes { setInterest(reads: reads, writes: false) }
    if closesAfterOutput, lingersUntil == nil {
      // Closing with unread input would reset the connection and could take the response with it.
      transport.finishSending()
      lingersUntil = loop.now + 2_000_000_000
      setInterest(reads: true, writes: false)
    }
  }

  func writable() {
    if case .http2(let http2) = speaks, output.isEmpty { http2.produce() }
    flush()
    if readWantsWriting {
      readWantsWriting = false
      readable()
    }
  }

  /// Stops or resumes taking input, so that a client cannot send ahead of its replies without end.
  func setReading(_ on: Bool) { setInterest(reads: on, writes: writes) }

  private func setInterest(reads: Bool, writes: Bool) {
    guard !isClosed, self.reads != reads || self.writes != writes else { return }
    self.reads = reads
    self.writes = writes
    loop.watch(self, read: reads, write: writes)
  }

  /// Sends what is to be sent, then closes.
  func closeAfterOutput() { closesAfterOutput = true }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    switch speaks {
    case .unknown: break
    case .http1(let http1): http1.end()
    case .http2(let http2): http2.end()
    }
    speaks = .unknown([])
    loop.forget(self)
  }

  /// The server stops: finish what is under way.
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
    let limits = context.limits
    func isOver(_ since: Int64, _ seconds: Double) -> Bool { now - since > Int64(seconds * 1e9) }
    if let lingersUntil {
      if now > lingersUntil { close() }
      return
    }
    if !output.isEmpty, isOver(outputProgress, limits.writeTimeout) { return close() }
    switch speaks {
    case .unknown: if isOver(opened, limits.headerTimeout) { close() }
    case .http1(let http1): http1.check(now)
    case .http2(let http2): http2.check(now)
    }
    flush()
  }
}

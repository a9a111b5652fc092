import Libc
import Platform

/// What the connections of an event loop share.
final class LoopState {
  let mailbox: Mailbox
  /// Room for reading, used by the connections one after the other.
  let readBuffer: UnsafeMutableRawBufferPointer
  /// The time of the last wake-up, in monotonic ns.
  var now = monotonicNanoseconds()
  /// Set when no new requests are to be taken.
  var isDraining = false
  private var dateText = (second: Int64.min, text: "")

  init(_ mailbox: Mailbox) {
    self.mailbox = mailbox
    readBuffer = .allocate(byteCount: 256 << 10, alignment: 64)
  }

  deinit { readBuffer.deallocate() }

  /// The time of day as answers tell it.
  var date: String {
    let second = Int64(time(nil))
    if second != dateText.second {
      dateText = (second, Timestamp(seconds: second, nanoseconds: 0).httpDate)
    }
    return dateText.text
  }
}

/// What the connections of one service share on one event loop.
final class ConnectionContext {
  let loop: LoopState
  let service: HTTPService
  let limits: HTTPLimits
  let handler: any RequestHandler

  init(_ service: HTTPService, _ loop: LoopState) {
    self.loop = loop
    self.service = service
    limits = service.limits
    handler = service.makeHandler()
  }
}

/// What a connection has to send, and what its protocol wants of it.
final class ConnectionOutput {
  /// The connection's number on its loop.
  let id: UInt64
  private let loop: LoopState
  private(set) var bytes = ByteBuffer(capacity: 512)
  /// When the client last took output, or was last given some after having taken all.
  private(set) var progress: Int64
  /// Whether input is to wait, so that a client cannot send ahead of its replies without end.
  var pausesInput = false
  /// Once the output is out: end the sending direction and wait for the client to close.
  private(set) var closesAfterSending = false
  /// Nothing is to be sent or received any more.
  private(set) var closesNow = false

  init(id: UInt64, _ loop: LoopState) {
    self.id = id
    self.loop = loop
    progress = loop.now
  }

  func send(_ view: ByteView) {
    if bytes.isEmpty { progress = loop.now }
    bytes.append(view)
  }

  func send(_ text: StaticString) { send(ByteView(start: text.utf8Start, count: text.utf8CodeUnitCount)) }

  /// Lets `write` append what is to be sent.
  func send(_ write: (inout ByteBuffer) -> Void) {
    if bytes.isEmpty { progress = loop.now }
    write(&bytes)
  }

  /// The client has taken the first `count` bytes.
  func took(_ count: Int) {
    progress = loop.now
    bytes.removeFirst(count)
  }

  func closeAfterSending() { closesAfterSending = true }

  func closeNow() { closesNow = true }
}

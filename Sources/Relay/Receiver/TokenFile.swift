import Platform

/// The bearer tokens that clients may show: one a line in a file, which is read again when it changes.
public final class TokenFile: Sendable {
  private struct State {
    var tokens: [[UInt8]]
    var status: FileStatus
    var checked: Int64
  }

  private let path: String
  private let state: Monitor<State>

  /// Reads the tokens of the file at `path`; empty lines and lines that begin with `#` are passed over.
  public init(_ path: String) throws(RelayError) {
    self.path = path
    do throws(SystemError) {
      let status = try FileStatus.of(path)
      let tokens = try TokenFile.read(path)
      if tokens.isEmpty { throw SystemError("use \(path), which holds no token", code: 0) }
      state = Monitor(State(tokens: tokens, status: status, checked: monotonicNanoseconds()))
    } catch {
      throw error.code == 0 ? .badSetting("\(path) holds no token") : .system(error)
    }
  }

  /// Whether an `Authorization` header shows one of the tokens. The comparison takes the same time wherever it fails.
  func accepts(authorization: String?) -> Bool {
    guard let authorization, authorization.utf8.count > 7, authorization.prefix(7).lowercased() == "bearer " else {
      return false
    }
    let shown = Array(authorization.utf8.dropFirst(7))
    return state.withLock { state in
      refresh(&state)
      var found = false
      for token in state.tokens where token.count == shown.count {
        var difference: UInt8 = 0
        for index in token.indices { difference |= token[index] ^ shown[index] }
        if difference == 0 { found = true }
      }
      return found
    }
  }

  /// The tokens as they were read last.
  var tokens: [String] {
    state.withLock { state in state.tokens.map { String(decoding: $0, as: UTF8.self) } }
  }

  /// Looks at the file at most once a second. A file that cannot be read leaves the tokens as they were.
  private func refresh(_ state: inout State) {
    let now = monotonicNanoseconds()
    guard now - state.checked > 1_000_000_000 else { return }
    state.checked = now
    guard let status = try? FileStatus.of(path), status != state.status, let tokens = try? TokenFile.read(path) else {
      return
    }
    state.status = status
    state.tokens = tokens
  }

  private static func read(_ path: String) throws(SystemError) -> [[UInt8]] {
    let file = try FileDescriptor.openForReading(path)
    var content = ByteBuffer(capacity: 4096)
    while content.count < 1 << 20 {
      let before = content.count
      var failure: SystemError?
      content.append(upTo: 4096) { room in
        do throws(SystemError) { return try file.read(into: room) } catch {
          failure = error
          return 0
        }
      }
      if let failure { throw failure }
      if content.count == before { break }
    }
    return [UInt8](content.view).split(separator: UInt8(ascii: "\n")).map { line in
      Array(line.drop { $0 == 0x20 }.reversed().drop { $0 == 0x20 || $0 == 0x0d }.reversed())
    }.filter { !$0.isEmpty && $0.first != UInt8(ascii: "#") }
  }
}

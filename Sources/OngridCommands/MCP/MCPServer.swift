import Libc
import MCP
import Platform

/// Reads requests from standard input and writes answers to standard output, one line each. Calls of tools are worked on by
/// a few threads, so that a slow one keeps neither others nor a cancellation waiting.
final class MCPServer: Sendable {
  private let session: MCPSession
  private let tools: [any InvestigatorTool]
  private let budget: Int
  private let timeout: Duration
  private let log: Log

  /// Bytes of the longest request.
  private static let maximumLine = 1 << 20
  private static let workers = 4
  /// Calls that wait for a worker; more are refused.
  private static let maximumWaiting = 32

  private struct Work: Sendable {
    let call: MCPSession.Call
    let state: ToolCall
  }

  private struct State {
    var waiting: [Work] = []
    var running: [MCPRequestID: ToolCall] = [:]
    var isAtEnd = false
  }

  private let state = Monitor(State())
  /// Whether the client can still be written to; holding it is the right to write a line.
  private let output = Monitor(true)

  init(_ session: MCPSession, _ tools: [any InvestigatorTool], budget: Int, timeout: Duration, _ log: Log) {
    self.session = session
    self.tools = tools
    self.budget = budget
    self.timeout = timeout
    self.log = log
  }

  /// Returns when the input has ended and all calls are answered.
  func run() throws(CommandError) {
    var threads: [ThreadHandle] = []
    do throws(SystemError) {
      for _ in 0..<MCPServer.workers { threads.append(try ThreadHandle { self.work() }) }
    } catch {
      // Fewer do as well, and this one where there are none.
      log.warn("\(error)")
    }
    defer {
      state.withLock { $0.isAtEnd = true }
      state.broadcast()
      if threads.isEmpty { work() }
      for thread in threads { thread.join() }
    }
    try read()
  }

  private func read() throws(CommandError) {
    var lines = MCPLines(limit: MCPServer.maximumLine)
    let input = FileDescriptor.standardInput
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { buffer.deallocate() }
    while output.withLock({ $0 }) {
      let count: Int
      do throws(SystemError) { count = try input.read(into: buffer) } catch {
        throw .usage("cannot read from standard input: \(error.reason)")
      }
      guard count > 0 else { break }
      for line in lines.add(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { take(line) }
    }
    if let last = lines.end() { take(last) }
  }

  private func take(_ line: MCPLines.Line) {
    guard case .text(let bytes) = line else {
      return send(MCPError(.invalidRequest, "a line may have \(MCPServer.maximumLine) bytes").line)
    }
    switch bytes.withByteView({ session.receive($0) }) {
    case .nothing: break
    case .reply(let line): send(line)
    case .cancel(let id):
      let call = state.withLock { state -> ToolCall? in
        state.waiting.removeAll { $0.call.id == id }
        return state.running.removeValue(forKey: id)
      }
      call?.cancellation.cancel()
    case .call(let call):
      let work = Work(call: call, state: ToolCall(timeout: timeout))
      let isTaken = state.withLock { state in
        guard state.waiting.count < MCPServer.maximumWaiting else { return false }
        state.waiting.append(work)
        state.running[call.id] = work.state
        return true
      }
      guard isTaken else { return send(MCPError(.busy, "too many calls at once", id: call.id).line) }
      state.signal()
    }
  }

  private func work() {
    while true {
      let next: Work? = state.wait { state in
        if !state.waiting.isEmpty { return .done(state.waiting.removeFirst()) }
        return state.isAtEnd ? .done(nil) : .wait(until: nil)
      }
      guard let next else { return }
      let result = result(of: next)
      // A client that cancelled a call wants no answer to it.
      let isWanted = state.withLock { state in
        guard state.running[next.call.id] === next.state else { return false }
        state.running[next.call.id] = nil
        return true
      }
      if isWanted { send(session.reply(to: next.call, result)) }
    }
  }

  private func result(of work: Work) -> MCPToolResult {
    guard let tool = tools.first(where: { $0.definition.name == work.call.tool.name }) else {
      return MCPToolResult("unknown tool", isError: true)
    }
    guard !work.state.isOver else { return MCPToolResult("the call waited longer than it may take", isError: true) }
    let arguments: MCPArguments
    do throws(MCPArgumentError) { arguments = try MCPArguments(work.call.arguments, for: work.call.tool) } catch {
      return MCPToolResult(StandardErrorLog.oneLine(error.description), isError: true)
    }
    return tool.result(of: arguments, budget: budget, work.state)
  }

  private func send(_ line: [UInt8]) {
    let isGone = output.withLock { isOpen in
      guard isOpen else { return false }
      var output = StandardOutput()
      do throws(CommandError) {
        try output.write(line)
        try output.write("\n")
        try output.flush()
        return false
      } catch {
        isOpen = false
        return true
      }
    }
    // Nobody listens any more, so what is under way may end.
    if isGone { state.withLock { $0.running.values.forEach { $0.cancellation.cancel() } } }
  }
}

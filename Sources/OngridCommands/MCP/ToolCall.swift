import MCP
import Platform
import Transport

/// One call while it is worked on: how long it may take, and what is to be said beside its answer.
final class ToolCall: Sendable {
  /// On the clock of `monotonicNanoseconds`.
  let deadline: Int64
  let cancellation = HTTPCancellation()
  private let noted = Monitor<[String]>([])

  init(timeout: Duration) {
    deadline = monotonicNanoseconds().addingSaturating(timeout.nanoseconds)
  }

  /// Whether nobody waits any longer.
  var isOver: Bool { cancellation.isCancelled || monotonicNanoseconds() > deadline }

  /// Remembers why the answer is not whole.
  func note(_ text: String) { noted.withLock { $0.append(text) } }

  var notes: [String] { noted.withLock { $0 } }
}

/// A tool of the server: what a client is told of it, and what it does.
protocol InvestigatorTool: Sendable {
  var definition: MCPTool { get }

  /// - Parameter budget: bytes that the answer may take.
  func answer(_ arguments: MCPArguments, budget: Int, _ call: ToolCall) throws(ToolFailure) -> String
}

/// Why a tool has no answer, in words that a model can act on.
struct ToolFailure: Error {
  let text: String

  init(_ text: String) { self.text = text }
}

extension InvestigatorTool {
  /// The answer to a call, an error in words where there is none. Never above the budget.
  func result(of arguments: MCPArguments, budget: Int, _ call: ToolCall) -> MCPToolResult {
    do throws(ToolFailure) {
      let text = try answer(arguments, budget: budget, call)
      guard text.utf8.count <= budget else {
        return MCPToolResult("the answer takes \(text.utf8.count) bytes of \(budget): ask for less", isError: true)
      }
      return MCPToolResult(text)
    } catch {
      let text = StandardErrorLog.oneLine(error.text)
      return MCPToolResult(text.utf8.count <= 1000 ? text : String(text.prefix(240)) + "…", isError: true)
    }
  }
}

extension MCPArguments {
  /// A moment, as on the command line.
  func time(_ name: String) throws(ToolFailure) -> Timestamp? {
    guard let text = text(name) else { return nil }
    guard let time = Timestamp(text) else {
      throw ToolFailure("\(name) must be a time such as 2026-01-31T08:15:00Z, 1769847300 or now-15m")
    }
    return time
  }

  /// A duration, as on the command line.
  func duration(_ name: String) throws(ToolFailure) -> Duration? {
    guard let text = text(name) else { return nil }
    guard let length = DurationText.parse(text) else {
      throw ToolFailure("\(name) must be a duration such as 150ms, 2s or 1h30m")
    }
    return .nanoseconds(length)
  }
}

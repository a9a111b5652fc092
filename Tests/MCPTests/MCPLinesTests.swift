import MCP
import Testing

/// How input is cut into lines.
struct MCPLinesTests {
  private func lines(_ pieces: [String], limit: Int = 10) -> [MCPLines.Line] {
    var lines = MCPLines(limit: limit)
    var found: [MCPLines.Line] = []
    for piece in pieces {
      var text = piece
      text.withUTF8 { found += lines.add(UnsafeRawBufferPointer($0)) }
    }
    return found + [lines.end()].compactMap(\.self)
  }

  @Test(
    arguments: [
      (["one\ntwo\n"], ["one", "two"]), (["on", "e\nt", "wo"], ["one", "two"]), (["\n\r\n  \none\r\n"], ["one\r"]),
      (["0123456789\n", "x\n"], ["0123456789", "x"]), (["01234", "567890\nx\n"], [nil, "x"]), (["0123456789ab"], [nil]),
      ([""], []),
    ] as [([String], [String?])])
  func cuts(_ pieces: [String], _ expected: [String?]) {
    #expect(lines(pieces) == expected.map { $0.map { .text(Array($0.utf8)) } ?? .tooLong })
  }
}

import TestSupport
import Testing

@Suite struct VersionTests {
  @Test(arguments: [
    ["--version"], ["-V"], ["version"], ["relay", "--version"], ["traceql", "-V"], ["correlate", "-qV"],
  ])
  func versionIsPrinted(_ arguments: [String]) throws {
    let result = try Program.run(arguments)
    #expect(result.status == 0)
    #expect(
      result.output.wholeMatch(of: #/ongrid [0-9]+\.[0-9]+\.[0-9]+( \([0-9a-z+]+, [0-9]{4}-[0-9]{2}-[0-9]{2}\))?\n/#)
        != nil,
      "\(result.output)")
  }
}

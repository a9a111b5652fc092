import Testing

/// What CONTRIBUTING.md says of the house holds for the house.
@Suite struct LayerTests {
  let tree: SourceTree

  init() throws { tree = try SourceTree() }

  /// The line of the diagram on which each module stands, counted from the top.
  private var heights: [String: Int] {
    var heights: [String: Int] = [:]
    for (height, modules) in tree.layers.enumerated() {
      for module in modules { heights[module] = height }
    }
    return heights
  }

  @Test func everyModuleIsInTheDiagram() {
    let modules = Set(tree.files.map(\.module))
    #expect(modules.count > 10)
    let unknown = modules.filter { heights[$0] == nil }
    #expect(unknown.isEmpty, "not in the diagram of CONTRIBUTING.md: \(unknown.sorted())")
    let gone = heights.keys.filter { !modules.contains($0) && $0 != "C*" }
    #expect(gone.isEmpty, "in the diagram of CONTRIBUTING.md, but not there: \(gone.sorted())")
  }

  @Test func importsPointDown() {
    let heights = heights
    for file in tree.files {
      guard let own = heights[file.module] else { continue }
      for line in file.lines {
        let words = line.split(separator: " ").map(String.init)
        guard let at = words.firstIndex(of: "import"), at <= 1, words.count > at + 1 else { continue }
        let name = words[at + 1]
        guard let other = heights[name] else { continue }
        #expect(other > own, "\(file.path) imports \(name), which does not stand below it")
      }
    }
  }

  @Test func filesAreShort() {
    for file in tree.files where file.lines.count > 400 {
      Issue.record("\(file.path) has \(file.lines.count) lines; one idea needs less than 400")
    }
  }
}

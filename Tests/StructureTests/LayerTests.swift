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

  /// Names of types at the top level that other files can see.
  @Test func everyNameIsDeclaredOnce() {
    let modifiers: Set = ["public", "package", "internal", "final", "indirect", "nonisolated"]
    let kinds: Set = ["struct", "class", "enum", "protocol", "actor", "typealias"]
    var places: [String: [String]] = [:]
    for file in tree.files {
      for line in file.lines where line.first != " " {
        let words = line.split(separator: " ").drop { modifiers.contains(String($0)) }
        guard let kind = words.first, kinds.contains(String(kind)), let rest = words.dropFirst().first else { continue }
        let name = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
        places[name, default: []].append(file.path)
      }
    }
    #expect(places.count > 100)
    for (name, paths) in places.sorted(by: { $0.key < $1.key }) where paths.count > 1 {
      Issue.record("\(name) is declared in \(paths.joined(separator: " and "))")
    }
  }

  /// The walks through the house name files that are there.
  @Test func walksNameFiles() {
    let paths = Set(tree.files.map { "Sources/" + $0.path })
    let named = tree.contributing.matches(of: /Sources\/[A-Za-z0-9\/+]+\.swift/).map { String($0.output) }
    #expect(named.count > 30)
    for name in named where !paths.contains(name) { Issue.record("CONTRIBUTING.md names \(name), which is not there") }
  }

  @Test func filesAreShort() {
    for file in tree.files where file.lines.count > 400 {
      Issue.record("\(file.path) has \(file.lines.count) lines; one idea needs less than 400")
    }
  }
}

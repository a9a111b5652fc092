import Platform

/// Tells the messages of log lines apart: of words that stand in one place of like lines, those that come often are the
/// message's own, and the rest are names, numbers and ids.
struct LogWitnessBuilder {
  struct Line: Sendable {
    /// Nil where the line names none.
    var trace: SpanTable.TraceID?
    var service: String
    /// 0 where the line names none.
    var span: UInt64
    /// Unix nanoseconds.
    var time: Int64
    var text: String
  }

  /// Stretches of time whose lines are known as a whole, Unix nanoseconds.
  var covered: [Range<Int64>] = []

  private struct Kept {
    var line: Line
    var words: [String]
    var head: String
  }

  /// Lines that may be the same message.
  private struct Group: Hashable {
    var service: String
    var count: Int
    var first: String
  }

  private var lines: [Kept] = []

  private static let maximumTemplates = 8000
  /// A head that comes this often is no chance.
  private static let commonHead = 5
  /// So many words in one place may all be the message's own.
  private static let fewWords = 8

  mutating func add(_ line: Line) {
    var line = line
    let kept = Kept(line: line, words: LogTemplate.words(line.text), head: LogTemplate.head(line.text))
    line.text = ""
    lines.append(Kept(line: line, words: kept.words, head: kept.head))
  }

  func witness() -> LogWitness {
    var witness = LogWitness()
    witness.covered = covered
    var groups: [Group: [Int]] = [:]
    var heads: [String: Int] = [:]
    for (index, line) in lines.enumerated() {
      let first = line.words.prefix(2).joined(separator: " ")
      groups[Group(service: line.line.service, count: line.words.count, first: first), default: []].append(index)
      heads[line.head, default: 0] += 1
    }
    var templates = [String](repeating: "", count: lines.count)
    for members in groups.values { name(members, &templates) }
    var numbers: [String: Int32] = [:]
    for (index, kept) in lines.enumerated() {
      var all = [templates[index]]
      if heads[kept.head] ?? 0 >= LogWitnessBuilder.commonHead { all.append(kept.head + " …") }
      for text in all {
        guard let number = number(text, &numbers, &witness, trouble: LogTemplate.tellsOfTrouble(kept.words.prefix(12)))
        else { continue }
        witness.add(kept.line, template: number)
      }
    }
    return witness
  }

  private func number(
    _ text: String, _ numbers: inout [String: Int32], _ witness: inout LogWitness, trouble: Bool
  ) -> Int32? {
    if let known = numbers[text] { return known }
    guard numbers.count < LogWitnessBuilder.maximumTemplates else { return nil }
    let number = Int32(clamping: witness.templates.count)
    numbers[text] = number
    witness.templates.append(.init(text: text, tellsOfTrouble: trouble))
    return number
  }

  /// The template of each line of a group.
  private func name(_ members: [Int], _ templates: inout [String]) {
    guard let first = members.first else { return }
    var counts = [[String: Int]](repeating: [:], count: lines[first].words.count)
    for member in members {
      for (place, word) in lines[member].words.enumerated() { counts[place][word, default: 0] += 1 }
    }
    let often = max(5, members.count / 50)
    for member in members {
      templates[member] = lines[member].words.enumerated().map { place, word in
        counts[place].count <= LogWitnessBuilder.fewWords || counts[place][word] ?? 0 >= often ? word : "*"
      }
      .joined(separator: " ")
    }
  }
}

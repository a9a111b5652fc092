import JSON
import Platform

/// Prints findings: each as it comes for a person, all at the end for a program.
struct DoctorReport {
  enum Format: String, CaseIterable { case text, json }

  private let format: Format
  private let color: Bool
  private(set) var findings: [DoctorFinding] = []

  init(_ format: Format, color: Bool) {
    self.format = format
    self.color = color
  }

  mutating func add(_ finding: DoctorFinding) throws(CommandError) {
    findings.append(finding)
    guard format == .text else { return }
    var output = StandardOutput()
    try output.write(text(of: finding))
    try output.flush()
  }

  /// Prints what is left to print.
  func finish() throws(CommandError) {
    var output = StandardOutput()
    switch format {
    case .text:
      let parts = [DoctorFinding.Level.problem, .warning, .skipped].compactMap { level in
        let count = count(of: level)
        return count > 0 ? "\(count) \(DoctorReport.noun(level, count))" : nil
      }
      try output.writeLine("\(count(of: .ok)) ok" + parts.map { ", " + $0 }.joined())
    case .json: try output.write(json)
    }
    try output.flush()
  }

  var status: ExitStatus {
    let problems = findings.filter { $0.level == .problem }
    if problems.contains(where: \.isOutage) { return .backend }
    return problems.isEmpty ? .done : .no
  }

  private func count(of level: DoctorFinding.Level) -> Int { findings.count { $0.level == level } }

  private static func noun(_ level: DoctorFinding.Level, _ count: Int) -> String {
    switch level {
    case .ok, .skipped: level.rawValue
    case .warning, .problem: level.rawValue + (count == 1 ? "" : "s")
    }
  }

  private func text(of finding: DoctorFinding) -> String {
    let word = DisplayWidth.padded(finding.level.rawValue, to: 8)
    let name = DisplayWidth.padded(finding.check, to: 18)
    var line = "\(painted(word, finding.level)) \(name) \(StandardErrorLog.oneLine(finding.message))\n"
    if !finding.remedy.isEmpty {
      line += String(repeating: " ", count: 9) + "-> \(StandardErrorLog.oneLine(finding.remedy))\n"
    }
    return line
  }

  private func painted(_ word: String, _ level: DoctorFinding.Level) -> String {
    guard color else { return word }
    let code =
      switch level {
      case .ok: "32"
      case .warning: "33"
      case .problem: "1;31"
      case .skipped: "2"
      }
    return "\u{1B}[\(code)m\(word)\u{1B}[0m"
  }

  private var json: [UInt8] {
    var writer = JSONWriter(style: .pretty)
    writer.beginObject()
    writer.key("version")
    writer.string(Version.text)
    writer.key("healthy")
    writer.bool(status == .done)
    for level in [DoctorFinding.Level.ok, .warning, .problem, .skipped] {
      writer.key(level.rawValue)
      writer.int(count(of: level))
    }
    writer.key("findings")
    writer.beginArray()
    for finding in findings {
      writer.beginObject()
      writer.key("check")
      writer.string(finding.check)
      writer.key("level")
      writer.string(finding.level.rawValue)
      writer.key("message")
      writer.string(finding.message)
      if !finding.remedy.isEmpty {
        writer.key("remedy")
        writer.string(finding.remedy)
      }
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    writer.newline()
    return writer.bytes
  }
}

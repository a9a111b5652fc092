import AlertRules
import Libc
import Platform

/// What a project does with findings: leaves some out, writes them down, mends what is certain.
struct Adoption {
  let fixes: Bool
  private let ignored: Set<DiagnosticCode>
  private let baselinePath: String?
  private let writesBaseline: Bool
  private let sinceCommit: String?
  private let check: Bool
  private let log: Log

  init(_ arguments: Arguments, _ settings: CompileRuleSettings) throws(CommandError) {
    check = settings.check
    fixes = try arguments[AdoptionOptions.fix]
    baselinePath = try arguments[AdoptionOptions.baseline]
    writesBaseline = try arguments[AdoptionOptions.writeBaseline]
    sinceCommit = try arguments[AdoptionOptions.sinceCommit]
    ignored = try Adoption.ignored(arguments)
    log = try StandardErrorLog.make(arguments)
    if writesBaseline, baselinePath == nil { throw .usage("--write-baseline needs --baseline FILE") }
    if sinceCommit != nil, !check {
      throw .usage("--since-commit needs --check: other rules are compiled all or not at all")
    }
  }

  private static func ignored(_ arguments: Arguments) throws(CommandError) -> Set<DiagnosticCode> {
    let option = AdoptionOptions.ignore
    let known = DiagnosticCode.allCases.filter(\.canBeSilenced)
    var codes: Set<DiagnosticCode> = []
    for text in try arguments[option] {
      guard let code = DiagnosticCode(rawValue: text), code.canBeSilenced else {
        if DiagnosticCode(rawValue: text) != nil { throw .usage("--\(option.name) \(text): errors cannot be ignored") }
        throw arguments.invalid(
          option, text, expected: "codes such as OG109" + OptionFile.hint(text, known.map(\.rawValue)))
      }
      codes.insert(code)
    }
    return codes
  }

  /// Mends the files of a set and says how many problems that took away.
  func fix(_ set: RuleSet) throws(CommandError) -> Int {
    var total = 0
    for (index, source) in set.sources.enumerated() {
      let (bytes, count) = CertainFixes.apply(set, source: index)
      guard count > 0 else { continue }
      guard source.name != "<stdin>" else { throw .usage("--fix corrects files; standard input is none") }
      do throws(SystemError) {
        let (path, mode) = Adoption.target(source.name)
        let file = try AtomicFile(path, mode: mode)
        try bytes.withByteView { (view) throws(SystemError) in try file.write(view) }
        try file.commit()
      } catch {
        throw .usage("--fix: \(error)")
      }
      log.info("\(source.name): \(count == 1 ? "a problem" : "\(count) problems") corrected")
      total += count
    }
    return total
  }

  /// The file behind links, which stay links, and its permissions.
  private static func target(_ path: String) -> (path: String, mode: mode_t) {
    var raw = stat()
    let mode = stat(path, &raw) == 0 ? raw.st_mode & 0o777 : 0o644
    guard let resolved = realpath(path, nil) else { return (path, mode) }
    defer { free(resolved) }
    return (String(cString: resolved), mode)
  }

  /// Writes what is known down when that was asked for, and says whether it was.
  func writeBaseline(_ set: RuleSet) throws(CommandError) -> Bool {
    guard writesBaseline, let baselinePath, !set.hasBadInput else { return false }
    var kept = set
    kept.remove { ignored.contains($0.code) }
    kept.sortDiagnostics()
    try Baseline.write(kept, to: baselinePath)
    return true
  }

  /// Leaves out what nobody wants to be told of.
  func leaveOut(_ set: inout RuleSet) throws(CommandError) {
    set.remove { ignored.contains($0.code) }
    if let sinceCommit, !set.hasBadInput {
      let changed = try ChangedLines(since: sinceCommit, set.sources)
      let all = set
      set.remove { diagnostic in
        guard let range = diagnostic.entry.map({ all.entries[$0].range }) ?? diagnostic.range else { return false }
        return !changed.touches(range, of: all.sources[diagnostic.source])
      }
    }
    guard let baselinePath else { return }
    var baseline = try Baseline(baselinePath)
    let (known, gone) = baseline.apply(to: &set, leavesOutErrors: check)
    if known > 0 { log.info("\(known) known \(known == 1 ? "finding" : "findings") of \(baselinePath) left out") }
    if gone > 0, sinceCommit == nil {
      log.info("\(gone) \(gone == 1 ? "finding" : "findings") of \(baselinePath) are no longer there")
    }
  }
}

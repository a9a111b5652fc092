import JSON
import OTLP
import Platform
import Relay

/// `ongrid relay queue`.
enum RelayQueueCommand {
  enum Format: String, CaseIterable { case text, json }

  private enum Action: String, CaseIterable { case list, export, replay, drop, compact }

  static let destination = Option.value(
    "destination", "TEXT", .text, help: "Only destinations whose name has this text in it")
  static let deadLetters = Option.flag("dead-letters", help: "Act on what was refused rather than on what waits")
  static let format = Option.value(
    "format", short: "f", "FORMAT", .choice(Format.self), default: "text", help: "How the list looks")

  static let command = Command(
    name: "relay-queue", summary: "Show and mend the queue directory of a relay",
    description: """
      Shows what waits in the directory of `ongrid relay --queue-dir`, since when and for whom, and what destinations \
      have refused and why; `ongrid relay queue` is the same. It can be used while the relay runs and while it does not.

      `export` prints what waits, or with `--dead-letters` what was refused, as OTLP/JSON lines. `replay` gives dead \
      letters back to the destinations that refused them: within a second where a relay runs, else at its next start. \
      `drop` forgets what waits for a destination that is named, or removes dead letters; a running relay does it within \
      a second, and what it has in memory may still arrive. `compact` makes the file as small as its content; a running \
      relay does so by itself.
      """,
    synopsis: ["relay queue DIR [list|export|replay|drop|compact] [OPTIONS]"],
    arguments: [
      Argument("DIR", kind: .directory, required: true, help: "The directory of --queue-dir"),
      Argument("ACTION", kind: .choice(Action.allCases.map(\.rawValue)), help: "What to do; list without it"),
    ],
    options: [OptionGroup("Choice", [destination, deadLetters]), OptionGroup("Format", [format])],
    examples: [
      Example("What waits, and what was refused", "ongrid relay-queue /var/lib/ongrid"),
      Example(
        "Send again what one destination refused",
        "ongrid relay-queue /var/lib/ongrid replay --destination tempo.example"),
    ],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    let word = arguments.positionals.count > 1 ? arguments.positionals[1] : "list"
    guard let action = Action(rawValue: word) else {
      let nearest = NearestName.of(word, in: Action.allCases.map(\.rawValue)).map { "; did you mean '\($0)'?" } ?? ""
      throw .usage("unknown action '\(word)': must be list, export, replay, drop or compact\(nearest)")
    }
    let log = try StandardErrorLog.make(arguments)
    let queue = try usage { () throws(RelayError) in try QueueInspection(arguments.positionals.first ?? ".") }
    let chosen = try Chosen(queue, arguments)
    let actsOnLetters = try arguments[deadLetters]
    switch action {
    case .list:
      var output = StandardOutput()
      switch try arguments[format] {
      case .text: try output.write(RelayQueueText(queue, chosen.waiting, chosen.letters).text)
      case .json: try output.write(RelayQueueText.json(queue, chosen.waiting, chosen.letters))
      }
      try output.flush()
    case .export: try export(queue, chosen, actsOnLetters)
    case .replay:
      for letter in chosen.letters { try usage { () throws(RelayError) in try queue.replay(letter) } }
      let when = queue.isInUse ? "" : " when a relay starts"
      log.info("\(count(chosen.letters.count, "dead letter")) will be sent again\(when)")
    case .drop: try drop(queue, chosen, actsOnLetters, isNamed: arguments.isGiven(destination), log)
    case .compact:
      if case .ordered = try usage({ () throws(RelayError) in try queue.compact() }) {
        log.info("the relay that uses the directory makes its file smaller by itself")
      }
    }
    return .done
  }

  /// What goes wrong in a queue directory is about what was asked for.
  private static func usage<Result>(_ body: () throws(RelayError) -> Result) throws(CommandError) -> Result {
    do throws(RelayError) { return try body() } catch { throw CommandError(error.description, status: .usage) }
  }

  private static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

  private static func export(
    _ queue: QueueInspection, _ chosen: Chosen, _ ofLetters: Bool
  ) throws(CommandError) {
    var output = StandardOutput()
    var line = ByteBuffer(capacity: 64 << 10)
    var failure: CommandError?
    func print(_ signal: OTLPSignal, _ request: ByteView) throws {
      line.removeAll()
      try OTLPJSONWriter().write(request, signal, into: &line)
      line.append(UInt8(ascii: "\n"))
      do throws(CommandError) { try output.write(line.view.buffer) } catch {
        failure = error
        throw error
      }
    }
    do {
      if ofLetters {
        for letter in chosen.letters { try queue.forEachRequest(of: letter, print) }
      } else {
        try queue.forEachRequest(for: chosen.waiting, print)
      }
    } catch {
      throw failure ?? CommandError("\(error)", status: .usage)
    }
    try output.flush()
  }

  private static func drop(
    _ queue: QueueInspection, _ chosen: Chosen, _ letters: Bool, isNamed: Bool, _ log: Log
  ) throws(CommandError) {
    if letters {
      for letter in chosen.letters { try usage { () throws(RelayError) in try queue.drop(letter) } }
      return log.info("\(count(chosen.letters.count, "dead letter")) removed")
    }
    guard isNamed else { throw .usage("drop needs --destination, or --dead-letters") }
    for waiting in chosen.waiting where waiting.requests > 0 {
      let outcome = try usage { () throws(RelayError) in try queue.drop(waiting) }
      let what = "\(count(waiting.items, "item")) for \(waiting.identity)"
      if case .done = outcome { log.info("\(what) dropped") } else { log.info("the relay was asked to drop \(what)") }
    }
  }

  /// What the options choose of a queue.
  private struct Chosen {
    let waiting: [QueueInspection.Waiting]
    let letters: [QueueInspection.Letter]

    init(_ queue: QueueInspection, _ arguments: Arguments) throws(CommandError) {
      let text = try arguments[destination]
      waiting = queue.waiting.filter { entry in text.map { entry.identity.contains($0) } ?? true }
      letters = queue.letters.filter { letter in
        text.map { letter.note?.identity.contains($0) == true || letter.note?.destination.contains($0) == true } ?? true
      }
    }
  }
}

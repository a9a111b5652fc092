import TestSupport
import Testing

@testable import OngridCommands

/// A command with one option of each kind.
enum Sample {
  static let to = Option.list("to", short: "t", "URL", .address, environment: "SAMPLE_TO", help: "x")
  static let limit = Option.value(
    "limit", short: "n", "COUNT", .whole(), environment: "SAMPLE_LIMIT", default: "20", help: "x")
  static let few = Option.value("few", "COUNT", .whole(in: 1...8), help: "x")
  static let ratio = Option.value("ratio", "NUMBER", .decimal(in: 0...1), help: "x")
  static let buckets = Option.lists("buckets", "NUMBERS", .decimals, help: "x")
  static let wait = Option.value("wait", "DURATION", .duration(), default: "1m30s", help: "x")
  static let long = Option.value("long", "DURATION", .duration(in: .seconds(60) ... .seconds(3600)), help: "x")
  static let most = Option.value("most", "SIZE", .size(), default: "4MiB", help: "x")
  static let at = Option.value("at", "TIME", .time, help: "x")
  static let note = Option.value("note", "TEXT", .text, help: "x")
  static let label = Option.list("label", "NAME=VALUE", .pair, help: "x")
  static let token = Option.value("token", "TOKEN", .whole(), environment: "SAMPLE_TOKEN", secret: true, help: "x")
  static let server = Option.value("server", "URL", .url, help: "x")
  static let format = Option.value(
    "format", short: "f", "FORMAT", .choice(Format.self), environment: "SAMPLE_FORMAT", default: "json", help: "x")
  static let all = Option.flag("all", short: "a", environment: "SAMPLE_ALL", help: "x")
  static let fixed = Option.flag("fixed", short: "x", negatable: false, help: "x")

  enum Format: String, CaseIterable { case json, table }

  static func command(_ arguments: [Argument] = [Argument("FILE", repeatable: true, help: "x")]) -> Command {
    Command(
      name: "sample", summary: "x", description: "x", arguments: arguments,
      options: [
        OptionGroup(
          "Sample",
          [
            to, limit, few, ratio, buckets, wait, long, most, at, note, label, token, server, format, all, fixed,
          ])
      ],
      run: { (_) throws(CommandError) in .done })
  }

  static func parse(
    _ words: [String], environment: [String: String] = [:], for command: Command = command()
  ) throws(CommandError) -> Arguments {
    let outcome = try ArgumentParser.parse(words, for: command, environment: { environment[$0] })
    guard case .run(let arguments) = outcome else { throw .usage("help") }
    return arguments
  }

  /// The one line a command line is refused with.
  static func message(_ words: [String], for command: Command = command()) -> String? {
    do throws(CommandError) {
      _ = try parse(words, for: command)
      return nil
    } catch {
      return error.status == .usage ? error.message : "status \(error.status)"
    }
  }
}

@Suite struct ArgumentParserTests {
  @Test(arguments: [
    ["--limit", "5"], ["--limit=5"], ["-n", "5"], ["-n5"], ["-an5"], ["-a", "-n", "5"],
    ["--limit", "7", "--limit", "5"],
    ["x", "--limit", "5", "y"],
  ])
  func valuesAreWrittenInManyWays(_ words: [String]) throws {
    #expect(try Sample.parse(words)[Sample.limit] == 5)
  }

  @Test(arguments: [
    (["a", "b"], ["a", "b"]), (["-"], ["-"]), (["--", "--all", "-n"], ["--all", "-n"]),
    (["a", "--", "--"], ["a", "--"]),
    (["--all", "a"], ["a"]), (["--note=--x", "a"], ["a"]), ([], []), (["--note", "-", "a"], ["a"]), ([""], [""]),
  ])
  func positionals(_ words: [String], _ expected: [String]) throws {
    #expect(try Sample.parse(words).positionals == expected)
  }

  @Test func valuesMayLookLikeOptionsThatDoNotExist() throws {
    #expect(try Sample.parse(["--note", "-15m"])[Sample.note] == "-15m")
    #expect(try Sample.parse(["--note=--all"])[Sample.note] == "--all")
    #expect(try Sample.parse(["--note="])[Sample.note] == "")
    #expect(try Sample.parse(["--label", "a=b=c"])[Sample.label][0].value == "b=c")
  }

  @Test(
    arguments: [
      ([], [:], false), (["--all"], [:], true), (["-a"], [:], true), (["-ax"], [:], true),
      (["--all", "--no-all"], [:], false),
      (["--no-all", "--all"], [:], true), ([], ["SAMPLE_ALL": "1"], true), ([], ["SAMPLE_ALL": "TRUE"], true),
      ([], ["SAMPLE_ALL": "off"], false), ([], ["SAMPLE_ALL": ""], false), (["--no-all"], ["SAMPLE_ALL": "1"], false),
    ] as [([String], [String: String], Bool)])
  func switches(_ words: [String], _ environment: [String: String], _ expected: Bool) throws {
    #expect(try Sample.parse(words, environment: environment)[Sample.all] == expected)
  }

  @Test(arguments: [
    (["--limti", "5"], "unknown option '--limti'; did you mean '--limit'?"),
    (["--no-al"], "unknown option '--no-al'; did you mean '--no-all'?"),
    (["--unheard-of"], "unknown option '--unheard-of'; see 'ongrid sample --help'"),
    (["--no-fixed"], "unknown option '--no-fixed'; did you mean '--fixed'?"),
    (["--no-limit"], "unknown option '--no-limit'; did you mean '--limit'?"),
    (["-z"], "unknown option '-z'; see 'ongrid sample --help'"),
    (["-az"], "unknown option '-z'; see 'ongrid sample --help'"),
    (["--limit"], "--limit needs a value: --limit COUNT"),
    (["-n"], "-n needs a value: -n COUNT"),
    (["--limit", "--all"], "--limit needs a value, but '--all' follows: --limit COUNT"),
    (["--limit", "--"], "--limit needs a value, but '--' follows: --limit COUNT"),
    (["--all=yes"], "--all takes no value"), (["--no-all=yes"], "--no-all takes no value"),
    (["--format", "jsno"], "--format jsno: must be one of json, table; did you mean 'json'?"),
    (["-fxml"], "-f xml: must be one of json, table"),
  ])
  func misuseIsOneLineThatHelps(_ words: [String], _ message: String) {
    #expect(Sample.message(words) == message)
  }

  @Test func argumentsAreCounted() {
    let one = Sample.command([Argument("QUERY", required: true, help: "what to ask")])
    #expect(Sample.message([], for: one) == "QUERY is missing: what to ask; see 'ongrid sample --help'")
    #expect(Sample.message(["a"], for: one) == nil)
    #expect(Sample.message(["a", "b"], for: one) == "unexpected argument 'b'; see 'ongrid sample --help'")
    #expect(Sample.message(["a"], for: Sample.command([])) == "unexpected argument 'a'; see 'ongrid sample --help'")
  }

  @Test(arguments: [["-h"], ["--all", "-h"], ["-ah"], ["--help"], ["x", "--help", "--nonsense"]])
  func helpEndsParsing(_ words: [String]) throws {
    guard case .help = try ArgumentParser.parse(words, for: Sample.command()) else {
      Issue.record("no help")
      return
    }
  }

  @Test func helpAfterDashesIsAnArgument() throws {
    #expect(try Sample.parse(["--", "--help"]).positionals == ["--help"])
  }
}

@Suite struct ArgumentValuesTests {
  @Test func aFlagWinsOverTheEnvironmentWhichWinsOverTheDefault() throws {
    let environment = ["SAMPLE_LIMIT": "7", "SAMPLE_TO": "http://e", "SAMPLE_FORMAT": "table"]
    let given = try Sample.parse(["-n5", "-t", "http://a", "--to=http://b", "-fjson"], environment: environment)
    #expect(try given[Sample.limit] == 5)
    #expect(try given[Sample.to] == ["http://a", "http://b"])
    #expect(try given[Sample.format] == .json)
    let inherited = try Sample.parse([], environment: environment)
    #expect(try inherited[Sample.limit] == 7)
    #expect(try inherited[Sample.to] == ["http://e"])
    #expect(try inherited[Sample.format] == .table)
    let bare = try Sample.parse([], environment: ["SAMPLE_LIMIT": ""])
    #expect(try bare[Sample.limit] == 20)
    #expect(try bare[Sample.to].isEmpty)
    #expect(try bare[Sample.token] == nil)
  }

  @Test func typedValues() throws {
    let arguments = try Sample.parse([
      "--ratio=0.5", "--buckets", "0.1,1", "--buckets", "5", "--at", "2026-01-31T08:15:00Z", "--label", "a=", "--label",
      "b=c", "--server", "http://localhost:3200",
    ])
    #expect(try arguments[Sample.ratio] == 0.5)
    #expect(try arguments[Sample.buckets] == [0.1, 1, 5])
    #expect(try arguments[Sample.wait] == .seconds(90))
    #expect(try arguments[Sample.most] == 4_194_304)
    #expect(try arguments[Sample.at]?.nanoseconds == 1_769_847_300_000_000_000)
    #expect(try arguments[Sample.label].map(\.name) == ["a", "b"])
    #expect(try arguments[Sample.server]?.host == "localhost")
  }

  @Test(
    arguments: [
      (["-n", "x"], "--limit 'x': must be a whole number, at least 0"),
      (["-n-1"], "--limit '-1': must be a whole number, at least 0"),
      (["--few=9"], "--few '9': must be a whole number from 1 to 8"),
      (["--ratio", "inf"], "--ratio 'inf': must be a number from 0.0 to 1.0"),
      (["--ratio", "0x1p3"], "--ratio '0x1p3': must be a number from 0.0 to 1.0"),
      (["--buckets", "1,,2"], "--buckets '1,,2': must be numbers separated by commas, such as 0.1,0.5,1"),
      (["--wait", "5"], "--wait '5': must be a duration such as 150ms, 30s, 5m, 1h30m or 2d"),
      (
        ["--long", "5s"], "--long '5s': must be a duration such as 150ms, 30s, 5m, 1h30m or 2d, at least 1m, at most 1h"
      ),
      (["--most", "big"], "--most 'big': must be a size such as 64MiB, 500kB or 1024"),
      (["--at", "noon"], "--at 'noon': must be a time such as 2026-01-31T08:15:00Z, 1769847300, now-15m or -15m"),
      (["--label", "=b"], "--label '=b': must be NAME=VALUE"),
      (["--token", "s3cret"], "--token: must be a whole number, at least 0"),
    ] as [([String], String)])
  func badValuesAreNamed(_ words: [String], _ message: String) {
    #expect(Sample.message(words) == message)
  }

  @Test func aMissingValueIsNamedWithItsVariable() throws {
    let arguments = try Sample.parse([])
    #expect(arguments.missing(Sample.token.definition).message == "--token TOKEN is needed (or set SAMPLE_TOKEN)")
    #expect(throws: CommandError.self) { try arguments.required(Sample.few) }
  }

  @Test func errorsNameTheVariableThatIsWrong() throws {
    let arguments = try Sample.parse([], environment: ["SAMPLE_LIMIT": "many", "SAMPLE_ALL": "perhaps"])
    let cases: [(any CommandOption, String)] = [
      (Sample.limit, "SAMPLE_LIMIT 'many': must be a whole number, at least 0"),
      (Sample.all, "SAMPLE_ALL=perhaps: must be true or false"),
    ]
    for (option, message) in cases {
      do throws(CommandError) {
        try option.check(arguments)
        Issue.record("accepted")
      } catch {
        #expect(error.message == message)
      }
    }
  }

  /// Defaults are written in a user's words, so each must be a value of its own option.
  @Test func everyDefaultIsAValue() throws {
    for command in Commands.all {
      let arguments = Arguments(command: command, positionals: [], occurrences: [:], environment: { _ in nil })
      for option in command.groups.flatMap(\.typedOptions) {
        do throws(CommandError) { try option.check(arguments) } catch {
          Issue.record("\(command.name) --\(option.name): \(error.message)")
        }
      }
    }
  }

  @Test func choicesFromTheEnvironmentAreCheckedBeforeAnythingRuns() {
    do throws(CommandError) {
      _ = try Sample.parse([], environment: ["SAMPLE_FORMAT": "jsom"])
      Issue.record("accepted")
    } catch {
      #expect(error.message == "SAMPLE_FORMAT jsom: must be one of json, table; did you mean 'json'?")
    }
  }

  /// Whatever the words, the outcome is arguments, help, or one line.
  @Test func randomWordsNeverCrash() {
    var random = SeededRandom()
    let words = [
      "--", "-", "", "-h", "--help", "--limit", "--limit=", "-n", "-n5", "-an", "--no-all", "--all=1", "-ax", "--no-",
      "---", "-é",
      "--é=1", "=", "--=", "-=", "--format", "json", "-fjson", "\u{0}", "-\u{301}", "--to", "x=y", "--token=s",
    ]
    for _ in 0..<20_000 {
      let line = (0..<Int.random(in: 0...6, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }
      do throws(CommandError) {
        _ = try ArgumentParser.parse(line, for: Sample.command(), environment: { _ in nil })
      } catch {
        #expect(!error.message.isEmpty && !error.message.contains("\n"), "\(line) \(random.note)")
        #expect(error.status == .usage)
      }
    }
  }
}

/// `ongrid compile-rule`.
enum CompileRuleCommand {
  static let format = Option.choice(
    "format", short: "f", "FORMAT", ["promql", "json", "prometheus"], default: "promql", help: "Output format")
  static let pretty = Option.flag("pretty", help: "Print expressions over several indented lines")
  static let check = Option.flag("check", help: "Print no rules, only what is wrong with them")
  static let diagnostics = Option.choice(
    "diagnostics", "FORMAT", ["text", "json", "github", "sarif"], default: "text", help: "How problems are reported")
  static let serviceLabel = Option.value(
    "service-label", "LABEL", default: "service_name", help: "Label that holds the service's name")
  static let verify = Option.flag("verify", help: "Check the rules against a live Prometheus")
  static let eval = Option.flag("eval", help: "Evaluate the rules now; exit 1 when one fires")
  static let backtest = Option.value("backtest", "DURATION", help: "Tell when the rules would have fired")

  static let command = Command(
    name: "compile-rule", summary: "Compile trace alert rules to PromQL and lint them",
    description: "Reads alert rules on traces as JSON and prints the PromQL expressions that evaluate them.",
    arguments: [Argument("FILE", kind: .file, repeatable: true, help: "Rules to read; - or none is stdin")],
    options: [
      OptionGroup("Rules", [serviceLabel]),
      OptionGroup("Results", [format, pretty, check, diagnostics]),
      OptionGroup("Live Prometheus", [BackendOptions.prometheus, verify, eval, backtest]),
      HTTPOptions.group,
    ],
    examples: [
      Example("Compile a file of rules", "ongrid compile-rule rules.json")
    ],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    throw .usage("not available in this build")
  }
}

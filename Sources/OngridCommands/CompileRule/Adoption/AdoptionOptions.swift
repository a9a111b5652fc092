/// The options by which a project takes `compile-rule` up step by step.
enum AdoptionOptions {
  static let ignore = Option.lists(
    "ignore", "CODE,...", .names, help: "Leave out warnings, notes and findings with these codes",
    documentation: "For all rules, as `ongrid:ignore` does for one. Codes below OG100 are errors and stay.")

  static let baseline = Option.value(
    "baseline", "FILE", .file, help: "Leave out the findings that this file knows",
    documentation: """
      A project with many old findings writes them down once with `--write-baseline` and is then told of new ones alone. A \
      finding is known by its file, code, rule and message, not by its line. Errors are left out with `--check` only.
      """)

  static let writeBaseline = Option.flag(
    "write-baseline", negatable: false, help: "Write all findings into the --baseline file and succeed")

  static let sinceCommit = Option.value(
    "since-commit", "REV", .text, help: "With --check: tell only of rules that have changed since a commit of git",
    documentation: """
      A rule counts when one of its lines differs from `REV`, committed or not; new files count whole. Input that cannot be \
      read is told of always.
      """)

  static let fix = Option.flag(
    "fix", negatable: false, help: "Correct in the files what is certain",
    documentation: """
      Only replacements that can mean nothing else: a number in quotes, `0.95` for `"p95"`, `service_name` for `service`, \
      `gt` for `>`. What is said then is what is left.
      """)

  static let severities = Option.lists(
    "severities", "NAME,...", .names, help: "The severities that alerts may have",
    documentation: "Any other gets a warning (OG121).")

  static let requireLabel = Option.lists(
    "require-label", "LABEL,...", .names, help: "Labels that every alert must have (OG122)")

  static let requireAnnotation = Option.lists(
    "require-annotation", "NAME,...", .names, help: "Annotations that every alert must have (OG123)")

  static let config = Option.value(
    "config", "FILE", .file, help: "Read the project's options from this file",
    documentation: """
      Without it, from `.ongrid.json`, `.ongrid.yaml` or `.ongrid.yml` in the current directory or the nearest one above it. \
      The file holds options by their long names under `compile-rule`:

          compile-rule:
            generator: tempo-native
            severities: [page, ticket]
            require-label: [team]
            ignore: [OG302]

      Options and environment variables win over it. Only options about rules can stand there, none about servers and \
      credentials. Paths in it start from its directory.
      """)

  static let group = OptionGroup(
    "Project",
    [
      config, severities, requireLabel, requireAnnotation, ignore, baseline, writeBaseline, sinceCommit, fix,
    ])

  /// The options that a project file may hold.
  static let inProject: [any CommandOption] = [
    GeneratorOption.generator, CompileRuleOptions.serviceLabel, CompileRuleOptions.buckets, CompileRuleOptions.interval,
    CompileRuleOptions.strict, CompileRuleOptions.groupSize, CompileRuleOptions.pretty, severities, requireLabel,
    requireAnnotation, ignore, baseline,
  ]
}

/// Manual pages in roff.
enum ManPage {
  static func overview() -> String { "" }
  static func page(_ command: Command) -> String { "" }
}

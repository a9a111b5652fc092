/// The differences between RE2's patterns and PCRE2's.
enum PatternSyntax {
  /// What RE2 would refuse although PCRE2 accepts it; nil when nothing is.
  static func problem(in pattern: String) -> String? { read(pattern).problem }

  /// The pattern for PCRE2; nil when RE2 would refuse it.
  static func translate(_ pattern: String) -> String? {
    let (text, problem) = read(pattern)
    return problem == nil ? text : nil
  }

  private static let escapes = Set("afnrtvxdDsSwWpPbBAzQE".unicodeScalars)

  private static func read(_ pattern: String) -> (text: String, problem: String?) {
    let scalars = Array(pattern.unicodeScalars)
    var text = String.UnicodeScalarView()
    var index = 0
    var inClass = false
    var classStart = 0
    // Whether a quantifier just ended, after which only `?` may follow.
    var afterQuantifier = false
    func next(_ offset: Int = 1) -> Unicode.Scalar? { index + offset < scalars.count ? scalars[index + offset] : nil }

    while index < scalars.count {
      let scalar = scalars[index]
      switch scalar {
      case "\\":
        guard let escaped = next() else { return ("", "trailing backslash") }
        afterQuantifier = false
        if escaped == "Q" {
          // Everything up to \E is literal.
          while index < scalars.count, !(scalars[index] == "\\" && next() == "E") {
            text.append(scalars[index])
            index += 1
          }
          continue
        }
        if let problem = problem(ofEscape: escaped, followedBy: next(2)) { return ("", problem) }
        text.append("\\")
        // \v is the vertical tab to RE2, any vertical blank to PCRE2.
        text.append(contentsOf: escaped == "v" ? "x0b".unicodeScalars : String.UnicodeScalarView([escaped]))
        index += 2
        continue
      case "[" where !inClass:
        inClass = true
        classStart = index
        if next() == "^" {
          text.append(scalar)
          index += 1
        }
        text.append(scalars[index])
        index += 1
        // A bracket that comes first is literal.
        if index < scalars.count, scalars[index] == "]" {
          text.append("\\")
          text.append("]")
          index += 1
        }
        continue
      case "]" where inClass && index > classStart:
        inClass = false
        afterQuantifier = false
      case _ where inClass: break
      case "(":
        afterQuantifier = false
        if next() == "*" { return ("", "verbs such as (*…) are not supported") }
        if next() == "?", let problem = problem(ofGroup: scalars[(index + 2)...]) { return ("", problem) }
      case "*", "+", "?":
        if afterQuantifier, scalar != "?" { return ("", "nested repetition \(scalars[index - 1])\(scalar)") }
        // The ? of a lazy quantifier ends it; a further one would be possessive or nested.
        afterQuantifier = !(afterQuantifier && scalar == "?")
      case "{":
        if let (most, length) = repetition(scalars[index...]) {
          guard most <= 1000 else { return ("", "repetition of more than 1000") }
          if afterQuantifier { return ("", "nested repetition") }
          text.append(contentsOf: scalars[index..<index + length])
          index += length
          afterQuantifier = true
          continue
        }
        afterQuantifier = false
      default: afterQuantifier = false
      }
      text.append(scalar)
      index += 1
    }
    return (String(text), nil)
  }

  private static func problem(ofEscape escaped: Unicode.Scalar, followedBy next: Unicode.Scalar?) -> String? {
    switch escaped {
    case "1"..."9":
      // \12 is an octal number, \1 alone a back-reference.
      if escaped <= "7", let next, next >= "0", next <= "7" { return nil }
      return "back-references such as \\\(escaped) are not supported"
    case "a"..."z", "A"..."Z": return escapes.contains(escaped) ? nil : "\\\(escaped) is not supported"
    default: return nil
    }
  }

  private static func problem(ofGroup rest: ArraySlice<Unicode.Scalar>) -> String? {
    let head = String(String.UnicodeScalarView(rest.prefix(2)))
    guard let first = head.unicodeScalars.first else { return "group is not closed" }
    switch first {
    case "=", "!": return "look-ahead is not supported"
    case "<": return head == "<=" || head == "<!" ? "look-behind is not supported" : nil
    case "P": return head == "P<" ? nil : "(?\(head) is not supported"
    case ":", "i", "m", "s", "U", "-": return nil
    default: return "(?\(first) is not supported"
    }
  }

  /// The largest count of `{n}`, `{n,}` or `{n,m}` and the length of its text; nil when it is literal text.
  private static func repetition(_ rest: ArraySlice<Unicode.Scalar>) -> (most: Int, length: Int)? {
    guard let close = rest.prefix(16).firstIndex(of: "}") else { return nil }
    let inner = String(String.UnicodeScalarView(rest[(rest.startIndex + 1)..<close]))
    let parts = inner.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count <= 2, let least = Int(parts[0]), parts[0].allSatisfy(\.isNumber) else { return nil }
    guard parts.count == 2, !parts[1].isEmpty else { return (least, close - rest.startIndex + 1) }
    guard let most = Int(parts[1]), parts[1].allSatisfy(\.isNumber) else { return nil }
    return (max(least, most), close - rest.startIndex + 1)
  }
}

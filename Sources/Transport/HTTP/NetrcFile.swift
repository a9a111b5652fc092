import Platform

/// User names and passwords by host, in the file that curl, git and ftp read: `machine HOST login USER password WORD`,
/// `default …` for every other host, `#` before comments, quotes around words with blanks.
///
/// The file is read for each request, so that it may change.
public struct NetrcFile: Sendable, Hashable {
  public let path: String

  /// Larger files are something else.
  private static let maximumSize = 1 << 20

  public init(path: String) { self.path = path }

  /// `user:password` for a host; `nil` when the file names neither it nor a default.
  func credentials(for host: String) throws(HTTPError) -> String? {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try WholeFile.read(.openForReading(path), limit: NetrcFile.maximumSize)
    } catch {
      throw .credentials("cannot read \(path): \(systemMessage(error.code))")
    }
    return NetrcFile.credentials(for: host, in: String(decoding: bytes, as: UTF8.self))
  }

  static func credentials(for host: String, in text: String) -> String? {
    var words = words(text)[...]
    var isWanted = false
    var login: String?
    var password: String?
    while let word = words.popFirst() {
      switch word {
      case "machine", "default":
        if isWanted, password != nil || login != nil { return "\(login ?? ""):\(password ?? "")" }
        isWanted = word == "default" || words.popFirst()?.lowercased() == host.lowercased()
        login = nil
        password = nil
      case "login": login = words.popFirst()
      case "password": password = words.popFirst()
      case "account": _ = words.popFirst()
      default: break
      }
    }
    return isWanted && (password != nil || login != nil) ? "\(login ?? ""):\(password ?? "")" : nil
  }

  /// The words of the file, without comments and definitions of macros.
  private static func words(_ text: String) -> [String] {
    var words: [String] = []
    var isMacro = false
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      // A macro goes on to the next empty line.
      if isMacro {
        isMacro = !line.allSatisfy(\.isWhitespace)
        continue
      }
      var rest = line.drop(while: \.isWhitespace)
      while let first = rest.first, first != "#" {
        let word = first == "\"" ? quoted(&rest) : plain(&rest)
        if word == "macdef" {
          isMacro = true
          break
        }
        words.append(word)
        rest = rest.drop(while: \.isWhitespace)
      }
    }
    return words
  }

  private static func plain(_ rest: inout Substring) -> String {
    let word = rest.prefix { !$0.isWhitespace }
    rest = rest[word.endIndex...]
    return String(word)
  }

  private static func quoted(_ rest: inout Substring) -> String {
    var word = ""
    rest.removeFirst()
    while let character = rest.popFirst(), character != "\"" {
      word.append(character == "\\" ? rest.popFirst() ?? character : character)
    }
    return word
  }
}

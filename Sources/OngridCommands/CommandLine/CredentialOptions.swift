import Libc
import Transport

/// The options that say who we are to a server: for all servers of a command, or for one of them by its name.
struct CredentialOptions: Sendable {
  /// The server's name in the options, such as `tempo`; `nil` for all servers.
  let server: String?
  let header: Option<[String]>
  let bearerTokenFile: Option<String?>
  let basicAuthFile: Option<String?>
  let tenant: Option<String?>

  /// - Parameters:
  ///   - server: comes before the name of each option and variable.
  ///   - title: the server's name for a person.
  init(_ server: String? = nil, title: String = "") {
    self.server = server
    let prefix = server.map { "\($0)-" } ?? ""
    let variable = "ONGRID_" + (server.map { $0.uppercased() + "_" } ?? "")
    let of = title.isEmpty ? "" : " to \(title)"
    func documentation(_ text: String) -> String {
      title.isEmpty ? text : "Like `--\(text)`, for \(title) alone, and in place of it."
    }
    header = .list(
      "\(prefix)header", "'NAME: VALUE'", .text, environment: "\(variable)HEADERS", secret: true,
      help: "Send this header with every request\(of)",
      documentation: title.isEmpty
        ? """
        May be given several times. A process list shows command lines to every user of the machine, so put a header \
        with a secret into `ONGRID_HEADERS`, one header a line, or use `--bearer-token-file` or `--basic-auth-file`.
        """ : documentation("header"))
    bearerTokenFile = .value(
      "\(prefix)bearer-token-file", "FILE", .file, environment: "\(variable)BEARER_TOKEN_FILE",
      help: "Authenticate\(of) with the bearer token in this file",
      documentation: title.isEmpty
        ? "The file is read again when it changes. White space around the token is ignored."
        : documentation("bearer-token-file"))
    basicAuthFile = .value(
      "\(prefix)basic-auth-file", "FILE", .file, environment: "\(variable)BASIC_AUTH_FILE",
      help: "Authenticate\(of) with the user:password in this file",
      documentation: title.isEmpty
        ? "The file is read again when it changes. White space at the end is ignored."
        : documentation("basic-auth-file"))
    tenant = .value(
      "\(prefix)tenant", "ID", .text, environment: "\(variable)TENANT", help: "Tenant\(of), sent as X-Scope-OrgID",
      documentation: title.isEmpty ? "Tempo, Loki and Mimir separate tenants by this header." : documentation("tenant"))
  }

  var all: [any CommandOption] { [header, bearerTokenFile, basicAuthFile, tenant] }

  /// Puts what these options say into `options`, in place of what is there of its kind.
  func apply(to options: inout HTTPOptions, _ arguments: Arguments) throws(CommandError) {
    let lines = try arguments[header]
    if !lines.isEmpty { options.headers = [:] }
    // Headers of the environment stand one a line.
    for line in lines.flatMap({ $0.split(separator: "\n") }) where !line.allSatisfy(\.isWhitespace) {
      do throws(HTTPError) {
        let header = try HTTPHeaders(line: String(line))
        for field in header.fields { try options.headers.add(field.name, field.value) }
      } catch {
        let variable = self.header.definition.environment ?? ""
        throw .usage("\(arguments.isGiven(self.header) ? "--\(self.header.name)" : variable): \(error)")
      }
    }
    let token = try arguments.readableFile(bearerTokenFile)
    let pair = try arguments.readableFile(basicAuthFile)
    if token != nil || pair != nil {
      options.bearerTokenFile = token.map { CredentialFile(path: $0) }
      options.basicAuthFile = pair.map { CredentialFile(path: $0) }
    }
    if let tenant = try arguments[tenant] { options.tenant = tenant }
  }
}

extension Arguments {
  /// The file of `--netrc`; `nil` when it is not asked for.
  func netrcFile() throws(CommandError) -> NetrcFile? {
    guard try self[ClientOptions.netrc] else { return nil }
    if let path = environment("NETRC"), !path.isEmpty { return NetrcFile(path: path) }
    guard let home = environment("HOME"), !home.isEmpty else { throw .usage("--netrc: HOME is not set") }
    return NetrcFile(path: home + "/.netrc")
  }
}

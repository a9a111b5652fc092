import Backends
import JSON
import Platform
import Transport

/// One server that `ongrid doctor` asks, once for each question.
struct DoctorServer {
  /// How people call it: `Tempo`.
  let title: String
  /// What its findings begin with: `tempo`.
  let name: String
  let client: BackendClient

  init(_ title: String, _ server: DoctorSettings.Server) throws(BackendError) {
    self.title = title
    name = title.lowercased()
    client = try BackendClient(url: server.url, options: server.http, retry: RetryPolicy(maximumAttempts: 1))
  }

  /// The version that a page of the API states; a finding where the server is not there.
  ///
  /// The page is also what tells whether the clocks agree, by the answer's date.
  func greet(_ path: String, version: (JSONValue) -> String?) -> (version: String?, findings: [DoctorFinding]) {
    let before = Timestamp.now
    do throws(BackendError) {
      let response = try client.send(path)
      guard response.isSuccess else {
        // Behind a gateway that does not hand this page on the rest may still work.
        guard response.status == 404 else { throw client.failure(response) }
        return (nil, [.ok("\(name).reachable", "\(client.url.origin) answers, and does not state its version")])
      }
      let stated = version(try client.parse(response.body)) ?? ""
      let text =
        stated.isEmpty ? "\(title) answers at \(client.url.origin)" : "\(title) \(stated) at \(client.url.origin)"
      return (stated, [.ok("\(name).reachable", text)] + clock(response, since: before))
    } catch {
      return (nil, [.outage("\(name).reachable", error.description, remedy(for: error))])
    }
  }

  /// Seconds between clocks above which spans are left out: Tempo's generator takes none that ended over 30 s ago.
  private static let seriousSkew = 20.0
  private static let noticeableSkew = 3.0

  /// Compares the answer's date, in whole seconds, with the time around the question.
  private func clock(_ response: HTTPResponse, since before: Timestamp) -> [DoctorFinding] {
    guard let date = response.headers["Date"].flatMap({ Timestamp(httpDate: $0) }) else { return [] }
    let early = (before - date).inSeconds - 1
    let late = (date - Timestamp.now).inSeconds
    let skew = max(early, late)
    guard skew > DoctorServer.noticeableSkew else { return [.ok("\(name).clock", "the clocks agree")] }
    let amount = DurationText.format(Duration(saturatingSeconds: skew.rounded()).nanoseconds)
    let message = "\(title)'s clock is \(amount) \(early > late ? "behind" : "ahead of") that of this machine"
    let remedy = "synchronise both: timedatectl set-ntp true; Tempo's generator counts no span that ended over 30s ago"
    return [
      skew > DoctorServer.seriousSkew
        ? .problem("\(name).clock", message, remedy) : .warning("\(name).clock", message, remedy)
    ]
  }

  /// What to do where a server gave no answer.
  func remedy(for error: BackendError) -> String {
    switch error {
    case .http(.unavailable): "install what the message names"
    case .http(.tls): "name its authority with --tls-ca, or its name with --tls-server-name"
    case .status(_, 401, _), .status(_, 403, _): "say who you are: --\(name)-bearer-token-file or --\(name)-tenant"
    case .status(_, 404, _), .badAnswer: "see that --\(name) is the base URL of \(title)'s own API"
    default: "see that it runs and that --\(name) names it"
    }
  }
}

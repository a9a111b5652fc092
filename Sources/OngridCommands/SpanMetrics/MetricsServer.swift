import Compression
import HTTPServer
import Platform
import SpanMetrics

/// The server of `/metrics`: pages are made on a thread of their own, one after the other, and whoever asks for the same
/// numbers in the same form gets the same page.
final class MetricsServer {
  private let service: HTTPService
  private let server: Server
  private let pages: MetricsPages

  init(
    _ address: ListenAddress, _ run: FollowingRun, _ writer: MetricsWriter, keepsExemplars: Bool, isPushed: Bool,
    _ log: Log
  ) throws(ListenError) {
    let pages = MetricsPages(run, writer, keepsExemplars: keepsExemplars, isPushed: isPushed, log)
    self.pages = pages
    service = HTTPService([Listener(try ListeningSocket(address))]) { MetricsHandler(pages) }
    server = try Server([service], loops: 1)
  }

  /// Where it listens, with the port that the kernel chose.
  var address: ListenAddress? { service.addresses.first }

  func start() throws(ListenError) {
    pages.start()
    try server.start()
  }

  /// Finishes the requests under way and ends.
  func stop() {
    server.stop(drainingFor: .seconds(1))
    pages.stop()
  }
}

/// Answers requests for pages.
private final class MetricsHandler: RequestHandler {
  private let pages: MetricsPages

  init(_ pages: MetricsPages) { self.pages = pages }

  func begin(_ head: RequestHead) -> RequestDecision {
    guard head.method == "GET" || head.method == "HEAD" else {
      return .answer(ServerResponse(status: 405, fields: [("allow", "GET, HEAD")]))
    }
    switch head.path {
    case "/healthz", "/readyz": return .answer(ServerResponse(status: 200, text: "ok\n"))
    case "/metrics":
      let form = pages.form(accept: head.accept, acceptEncoding: head.acceptEncoding)
      return .read { [pages] (_, request) in
        pages.ask(form, request.ticket)
        return nil
      }
    default: return .answer(ServerResponse(status: 404, text: "there are /metrics and /healthz\n"))
    }
  }
}

/// How a page is written.
struct PageForm: Equatable, Sendable {
  enum Language: Sendable {
    case text, openMetrics, protobuf
  }

  var language: Language
  var isGzip: Bool

  var contentType: String {
    switch language {
    case .text: MetricsFormat.prometheus.contentType
    case .openMetrics: MetricsFormat.openmetrics.contentType
    case .protobuf: ExpositionProtobuf.contentType
    }
  }

  /// What the header fields ask for. Of several languages the one with the highest quality counts, then the first; where none
  /// is named, `preferred`.
  init(accept: String?, acceptEncoding: String?, preferred: Language) {
    isGzip = Self.entries(acceptEncoding).contains { $0.quality > 0 && ($0.name == "gzip" || $0.name == "*") }
    language = preferred
    var best = 0.0
    for entry in Self.entries(accept) where entry.quality > best {
      let choice: Language? =
        switch entry.name {
        case "application/vnd.google.protobuf":
          entry.parameters.contains("proto=io.prometheus.client.metricfamily")
            && entry.parameters.contains("encoding=delimited") ? .protobuf : nil
        case "application/openmetrics-text": .openMetrics
        case "text/plain": .text
        case "*/*", "text/*": preferred
        default: nil
        }
      if let choice {
        language = choice
        best = entry.quality
      }
    }
  }

  private static func entries(_ list: String?) -> [(name: String, parameters: [String], quality: Double)] {
    (list ?? "").lowercased().split(separator: ",").map { entry in
      let parts = entry.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
      let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
      return (parts.first ?? "", Array(parts.dropFirst()), quality)
    }
  }
}

/// Makes the pages.
final class MetricsPages: Sendable {
  private struct State {
    var asked: [(form: PageForm, ticket: ResponseTicket)] = []
    var isStopped = false
  }

  private let run: FollowingRun
  private let writer: MetricsWriter
  private let preferred: PageForm.Language
  private let isPushed: Bool
  private let log: Log
  private let state = Monitor(State())

  init(_ run: FollowingRun, _ writer: MetricsWriter, keepsExemplars: Bool, isPushed: Bool, _ log: Log) {
    self.run = run
    self.writer = writer
    preferred = keepsExemplars ? .openMetrics : .text
    self.isPushed = isPushed
    self.log = log
  }

  func form(accept: String?, acceptEncoding: String?) -> PageForm {
    PageForm(accept: accept, acceptEncoding: acceptEncoding, preferred: preferred)
  }

  func start() {
    // Without a thread nobody is answered, which the server's clients notice.
    _ = try? ThreadHandle { self.work() }
  }

  func stop() {
    state.withLock { $0.isStopped = true }
    state.broadcast()
  }

  func ask(_ form: PageForm, _ ticket: ResponseTicket) {
    state.withLock { $0.asked.append((form, ticket)) }
    state.broadcast()
  }

  private func work() {
    var last: (snapshot: SpanMetricsSnapshot, form: PageForm, response: ServerResponse)?
    var saidBoth = !isPushed
    while true {
      let asked = state.wait { state -> Monitor<State>.Step<[(form: PageForm, ticket: ResponseTicket)]?> in
        if !state.asked.isEmpty {
          defer { state.asked = [] }
          return .done(state.asked)
        }
        return state.isStopped ? .done(nil) : .wait(until: nil)
      }
      guard let asked else { return }
      if !saidBoth {
        saidBoth = true
        log.warn(
          "/metrics is asked for while --remote-write pushes: where both go to one Prometheus, every sum there is twice as "
            + "high")
      }
      for (form, ticket) in asked {
        do {
          let snapshot = try run.snapshot()
          if let last, last.form == form, last.snapshot.isSame(as: snapshot) {
            ticket.complete(last.response)
            continue
          }
          let response = ServerResponse(
            status: 200,
            fields: [("content-type", form.contentType), ("vary", "accept, accept-encoding")]
              + (form.isGzip ? [("content-encoding", "gzip")] : []), body: try writer.page(snapshot, form))
          // A page that was not compressed may be a hundred times as long.
          last = form.isGzip ? (snapshot, form, response) : nil
          ticket.complete(response)
        } catch {
          ticket.complete(ServerResponse(status: 500, text: "\(error)\n"))
        }
      }
    }
  }
}

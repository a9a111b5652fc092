import Compression
import HTTPServer
import OTLP
import Transport

/// Everything a relay is told when it starts.
public struct RelayConfiguration: Sendable {
  /// One place that requests of one signal go to.
  public struct DestinationSettings: Sendable {
    /// `http(s)://`, `grpc(s)://`, `file:PATH`, or `-` for OTLP/JSON on standard output.
    public var url: String
    public var signal: OTLPSignal
    /// Under which its queue is kept whatever the URL.
    public var name: String?
    /// Batches, queue and retries of its own.
    public var pipeline: PipelineSettings?
    /// Headers, credentials, TLS and timeout of a server.
    public var options: HTTPOptions
    /// How requests to a server are compressed.
    public var compression: ContentEncoding
    /// Whether a URL of HTTP without a path means the root, rather than the signal's own path.
    public var urlIsComplete = false

    public init(
      url: String, signal: OTLPSignal = .traces, options: HTTPOptions = HTTPOptions(),
      compression: ContentEncoding = .gzip
    ) {
      self.url = url
      self.signal = signal
      self.options = options
      self.compression = compression
    }
  }

  public var destinations: [DestinationSettings] = []
  /// Where gRPC is expected; both telemetry listeners speak gRPC and HTTP. `nil`: not there.
  public var listenGRPC: ListenAddress? = ListenAddress(host: "localhost", port: 4317)
  public var listenHTTP: ListenAddress? = ListenAddress(host: "localhost", port: 4318)
  public var listenAdmin: ListenAddress?
  /// Listening sockets handed over by a service manager. One named `admin` is used instead of the admin address, the
  /// others instead of the telemetry addresses.
  public var inheritedSockets: [InheritedSocket] = []
  public var limits = HTTPLimits()
  public var pipeline = PipelineSettings()
  /// Where accepted requests are kept until they are delivered; `nil`: in memory.
  public var queueDirectory: String?
  /// When clients are told that a request was taken.
  public var acknowledgement = Acknowledgement.stored
  /// Under which names `/metrics` shows what the relay does.
  public var metricNames = MetricNames.ongrid
  /// Resource attributes to set on everything that passes.
  public var resource: [(name: String, value: String)] = []
  /// A file that gets a copy of all traces, and where it is OTLP/JSON of the other signals too; `-` is standard output.
  public var tee: String?
  /// Chooses which traces go on; `nil`: all do.
  public var stage: (any TraceStage)?
  /// Changes traces as they come in; `nil`: nothing is changed.
  public var rewriter: (any TraceRewriter)?
  /// The origins of pages that may send; `*` is any.
  public var corsOrigins: [String] = []
  /// TLS for the telemetry listeners; `nil`: none.
  public var listenTLS: ListenTLS?
  /// A file of bearer tokens, one of which clients must show.
  public var listenTokenFile: String?
  /// Called when whoever read standard output has gone, from any thread.
  public var onBrokenOutput: (@Sendable () -> Void)?
  /// How long a stop may take in all, with delivering what was accepted.
  public var drainTimeout = Duration.seconds(25)

  public init() {}

  /// Looks at what a start would find wrong, without receiving, sending or writing anything.
  public func check() throws(RelayError) {
    if destinations.isEmpty { throw .badSetting("there is no destination") }
    try checkStage()
    for entry in destinations where entry.url != "-" && !entry.url.hasPrefix("file:") {
      let target = try RemoteTarget(
        url: entry.url, isComplete: entry.urlIsComplete, signal: entry.signal, options: entry.options,
        encoding: entry.compression)
      _ = try target.makeExporter(cancellation: HTTPCancellation())
    }
    if let path = listenTokenFile { _ = try TokenFile(path) }
    do throws(ListenError) { _ = try listenTLS?.open() } catch { throw .listening(error) }
  }

  /// A stage holds traces for longer than clients wait for a reply.
  func checkStage() throws(RelayError) {
    if stage != nil, acknowledgement == .delivered {
      throw .badSetting("--ack delivered cannot be used with sampling: clients give up before a trace is judged")
    }
  }

  /// The addresses that other hosts can reach and where neither a client certificate nor a token is asked for.
  public var exposedAddresses: [String] {
    guard listenTokenFile == nil, listenTLS?.clientCA == nil else { return [] }
    return [listenGRPC, listenHTTP].compactMap(\.self).filter { !$0.isLoopback }.map(\.description)
  }
}

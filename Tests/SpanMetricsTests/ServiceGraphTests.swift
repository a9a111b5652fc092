import OTLP
import SpanMetrics
import Testing
import TraceQL

@Suite struct ServiceGraphTests {
  /// A client's span in `service`, the call's id being `id`.
  private func client(_ service: String, _ id: UInt64, _ change: (inout TestSpan) -> Void = { _ in }) -> [UInt8] {
    encode(
      [("service.name", .text(service))],
      [
        TestSpan("call").with {
          $0.kind = .client
          $0.id = id
          $0.duration = 300_000_000
          change(&$0)
        }
      ])
  }

  /// A server's span in `service`, called by the span `parent`.
  private func server(_ service: String, _ parent: UInt64, _ change: (inout TestSpan) -> Void = { _ in }) -> [UInt8] {
    encode(
      [("service.name", .text(service))],
      [
        TestSpan("serve").with {
          $0.id = 1000 + parent
          $0.parent = parent
          $0.duration = 200_000_000
          change(&$0)
        }
      ])
  }

  private func graph(
    _ requests: [[UInt8]], _ change: (inout SpanMetricsConfiguration) throws -> Void = { _ in }
  ) throws -> GraphResult {
    let snapshot = try count(requests) {
      $0.serviceGraph = ServiceGraphConfiguration()
      try change(&$0)
    }
    return try #require(snapshot.graph)
  }

  /// `client type server requests failed`, an edge a line.
  private func lines(_ graph: GraphResult) -> [String] {
    graph.edges.map {
      "\($0.client ?? "*")>\($0.server ?? "*") \($0.type.rawValue) \(Int($0.requests)) \(Int($0.failed))"
    }
  }

  @Test func bothEndsMakeAnEdgeInEitherOrder() throws {
    let ends = [client("a", 1), server("b", 1)]
    for requests in [ends, ends.reversed()] {
      let graph = try graph(requests)
      #expect(lines(graph) == ["a>b  1 0"])
      #expect(graph.edges[0].clientLatency.sum == 0.3)
      #expect(graph.edges[0].serverLatency.sum == 0.2)
      #expect(graph.edges[0].labels.map(\.name) == ["client", "server"])
      #expect(graph.unpaired == 0)
    }
  }

  @Test func eitherEndCanFail() throws {
    #expect(try lines(graph([client("a", 1) { $0.status = .error }, server("b", 1)])) == ["a>b  1 1"])
    #expect(try lines(graph([client("a", 1), server("b", 1) { $0.status = .error }])) == ["a>b  1 1"])
  }

  @Test func tracesAreKeptApart() throws {
    let graph = try graph([client("a", 1), server("b", 1) { $0.trace = 2 }])
    #expect(graph.edges.isEmpty)
    #expect(graph.unpaired == 2)
  }

  @Test func rootsAreCalledByUsersOrPeers() throws {
    let requests = [
      server("b", 0),
      server("b", 0) {
        $0.id = 9
        $0.attributes = [("peer.service", .text("cdn"))]
      },
    ]
    let graph = try graph(requests)
    #expect(lines(graph) == ["cdn>b virtual_node 1 0", "user>b virtual_node 1 0"])
    #expect(graph.edges[0].clientLatency.sum == 0)
    #expect(graph.edges[0].serverLatency.sum == 0.2)
  }

  @Test func clientsWithoutServersCallTheirPeer() throws {
    let graph = try graph([client("a", 1) { $0.attributes = [("peer.service", .text("stripe"))] }, client("a", 2)])
    #expect(lines(graph) == ["a>stripe virtual_node 1 0"])
    #expect(graph.edges[0].serverLatency.sum == 0)
    #expect(graph.unpaired == 1)
  }

  @Test(arguments: [
    ([("db.system", "redis")], "redis"), ([("db.name", "orders"), ("db.system", "postgresql")], "orders"),
    ([("db.namespace", "ns"), ("db.name", "orders")], "ns"), ([("db.system.name", "mysql")], "mysql"),
    ([("db.system", "redis"), ("server.address", "cache-1")], "cache-1"),
    ([("db.system", "redis"), ("server.address", "cache-1"), ("peer.service", "cache")], "cache"),
    ([("db.system", "redis"), ("network.peer.address", "10.0.0.1")], "10.0.0.1"),
    ([("db.system", "redis"), ("network.peer.address", "10.0.0.1"), ("network.peer.port", "6379")], "10.0.0.1:6379"),
  ])
  func databasesAreNamedAsTempoNamesThem(_ attributes: [(String, String)], _ name: String) throws {
    let request = client("a", 1) { $0.attributes = attributes.map { ($0, .text($1)) } }
    for requests in [[request], [server("late", 1), request]] {
      let graph = try graph(requests)
      #expect(lines(graph) == ["a>\(name) database 1 0"])
      #expect(graph.edges[0].serverLatency.sum == 0.3)
    }
  }

  @Test func producersAndConsumers() throws {
    let requests = [
      client("a", 1) {
        $0.kind = .producer
        $0.duration = 1_000_000
      },
      server("b", 1) {
        $0.kind = .consumer
        $0.start = 1_500_000_000
      },
    ]
    #expect(try lines(graph(requests)) == ["a>b messaging_system 1 0"])
    #expect(try graph(requests).edges[0].messagingLatency == nil)
    let measured = try graph(requests) { $0.serviceGraph?.measuresMessaging = true }
    #expect(measured.edges[0].messagingLatency?.sum == 0.499)
  }

  @Test func filteredEndsTakeTheirCounterpartsWithThem() throws {
    let requests = [
      client("a", 1) { $0.attributes = [("peer.service", .text("b"))] }, server("b", 1), server("c", 0),
    ]
    for text in ["{ kind = client }", "{ kind = server }"] {
      for order in [requests, requests.reversed()] {
        let graph = try graph(order) { $0.filter = try SpanCondition(Query(parsing: text)) }
        #expect(lines(graph) == (text.contains("server") ? ["user>c virtual_node 1 0"] : []), "\(text)")
      }
    }
  }

  /// The labels of each edge as text.
  private func labels(_ graph: GraphResult) -> [String] {
    graph.edges.map { $0.labels.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }
  }

  @Test func edgesHaveDimensionsOfEitherEnd() throws {
    let requests = [
      client("a", 1) { $0.attributes = [("zone", .text("east"))] },
      server("b", 1) { $0.attributes = [("zone", .text("west")), ("k-1", .int(7))] },
      client("a", 2) { $0.attributes = [("zone", .text("east")), ("peer.service", .text("p"))] }, server("c", 0),
    ]
    let plain = try graph(requests) { $0.serviceGraph?.dimensions = ["zone", "k-1"] }
    #expect(
      labels(plain) == [
        "client=a k_1=7 server=b zone=west", "client=a connection_type=virtual_node server=p zone=east",
        "client=user connection_type=virtual_node server=c",
      ])
    let prefixed = try graph(requests) {
      $0.serviceGraph?.dimensions = ["zone", "k-1"]
      $0.serviceGraph?.prefixesDimensions = true
      $0.serviceGraph?.labelsVirtualNodes = true
    }
    #expect(
      labels(prefixed) == [
        "client=a client_zone=east server=b server_k_1=7 server_zone=west",
        "client=a client_zone=east connection_type=virtual_node server=p virtual_node=server",
        "client=user connection_type=virtual_node server=c virtual_node=client",
      ])
  }

  @Test func dimensionsOfEdgesKeepClearOfTheirOwnLabels() throws {
    var configuration = SpanMetricsConfiguration()
    configuration.serviceGraph = ServiceGraphConfiguration()
    configuration.serviceGraph?.dimensions = ["server", "a.b", "a_b"]
    #expect(configuration.notes.count == 2)
    let graph = try graph([
      client("a", 1) { $0.attributes = [("server", .text("x")), ("a_b", .text("y")), ("a.b", .text("z"))] },
      server("b", 1),
    ]) { $0.serviceGraph = configuration.serviceGraph }
    #expect(labels(graph) == ["__server=x a_b=z client=a server=b"])
  }

  @Test func aSpanThatComesTwiceIsOneEnd() throws {
    let failed = client("a", 1) {
      $0.status = .error
      $0.attributes = [("peer.service", .text("p"))]
    }
    #expect(try lines(graph([failed, client("a", 1), client("a", 1)])) == ["a>p virtual_node 1 1"])
    #expect(try lines(graph([failed, client("a", 1), server("b", 1)])) == ["a>b  1 1"])
  }

  @Test func waitingIsBounded() throws {
    let requests = (1...100).map { id in client("a", UInt64(id)) { $0.attributes = [("peer.service", .text("p"))] } }
    let graph = try graph(requests) { $0.serviceGraph?.maxWaiting = 10 }
    #expect(lines(graph) == ["a>p virtual_node 100 0"])
    #expect(graph.evicted == 90)
  }

  @Test func edgesAreBounded() throws {
    let requests = (0..<30).flatMap { [client("c\($0)", UInt64($0 + 1)), server("s", UInt64($0 + 1))] }
    let graph = try graph(requests) { $0.maxSeries = 10 }
    #expect(graph.edges.count <= 11)
    #expect(graph.edges.reduce(0) { $0 + $1.requests } == 30)
    #expect(graph.edges.contains { $0.labels.map(\.name) == ["metric_overflow"] })
  }

  /// A span that is sent again is one call, and a server without a name has its user all the same.
  @Test func rootServersCountOnceEach() throws {
    let root = encode([("service.name", .text("a"))], [TestSpan("serve").with { $0.id = 7 }])
    let other = encode([("service.name", .text("a"))], [TestSpan("serve").with { $0.id = 8 }])
    #expect(lines(try graph([root, root, other, root, root])) == ["user>a virtual_node 2 0"])
    let nameless = encode([("service.name", .text(""))], [TestSpan("serve").with { $0.id = 7 }])
    let edges = try graph([nameless]).edges
    #expect(edges.map(\.requests) == [1])
    #expect(edges[0].labels.map(\.name) == ["client", "connection_type"])
    #expect(try graph([encode([], [TestSpan("serve").with { $0.id = 7 }])]).edges.isEmpty)
  }
}

/// A call an operation makes.
enum Call {
  case rpc(service: String, operation: String)
  case database(system: String, statement: String)
  case publish(topic: String, consumer: String)
  case work(String)
}

/// An operation a service offers and what it does to answer.
struct Operation {
  let name: String
  let method: String
  let route: String
  let calls: [Call]
  /// Own time in microseconds, the median.
  let micros: Double
}

/// The shop that all generated traces belong to.
enum Topology {
  static let entries = [
    ("web", "GET /"), ("web", "GET /product/{id}"), ("web", "POST /order"), ("app", "POST /v2/order"),
  ]

  static let services: [String: [String: Operation]] = [
    "web": operations([
      ("GET /", "GET", "/", [.rpc(service: "catalog", operation: "GET /products")], 900),
      (
        "GET /product/{id}", "GET", "/product/{id}",
        [
          .rpc(service: "catalog", operation: "GET /products/{sku}"),
          .rpc(service: "reviews", operation: "GET /reviews/{sku}"), .work("render"),
        ], 1200
      ),
      (
        "POST /order", "POST", "/order", [.rpc(service: "checkout", operation: "POST /checkout"), .work("render")], 1500
      ),
    ]),
    "app": operations([
      ("POST /v2/order", "POST", "/v2/order", [.rpc(service: "checkout", operation: "POST /checkout")], 800)
    ]),
    "catalog": operations([
      ("GET /products", "GET", "/products", [.database(system: "postgresql", statement: "SELECT products")], 700),
      (
        "GET /products/{sku}", "GET", "/products/{sku}",
        [
          .database(system: "redis", statement: "HGETALL"),
          .database(system: "postgresql", statement: "SELECT product"),
        ],
        600
      ),
    ]),
    "reviews": operations([
      ("GET /reviews/{sku}", "GET", "/reviews/{sku}", [.database(system: "mongodb", statement: "find reviews")], 1100)
    ]),
    "checkout": operations([
      (
        "POST /checkout", "POST", "/checkout",
        [
          .rpc(service: "cart", operation: "GET /cart/{id}"), .rpc(service: "payments", operation: "POST /v1/charge"),
          .rpc(service: "inventory", operation: "POST /reserve"), .publish(topic: "orders", consumer: "shipping"),
        ], 2500
      )
    ]),
    "cart": operations([
      ("GET /cart/{id}", "GET", "/cart/{id}", [.database(system: "redis", statement: "HGETALL")], 400)
    ]),
    "payments": operations([
      (
        "POST /v1/charge", "POST", "/v1/charge",
        [.work("score"), .database(system: "postgresql", statement: "INSERT charge")], 45000
      )
    ]),
    "inventory": operations([
      ("POST /reserve", "POST", "/reserve", [.database(system: "postgresql", statement: "UPDATE stock")], 900)
    ]),
    "shipping": operations([
      ("orders process", "POST", "", [.database(system: "postgresql", statement: "INSERT parcel")], 3000)
    ]),
  ]

  private static func operations(
    _ list: [(String, String, String, [Call], Double)]
  ) -> [String: Operation] {
    Dictionary(
      uniqueKeysWithValues: list.map {
        ($0.0, Operation(name: $0.0, method: $0.1, route: $0.2, calls: $0.3, micros: $0.4))
      })
  }
}

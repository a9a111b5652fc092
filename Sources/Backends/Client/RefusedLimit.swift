import Transport

/// Refusals of a request for too many things at once.
enum RefusedLimit {
  /// The most that a server says it gives, when it refuses `asked` for that: "limit should be not higher than 1000",
  /// "limit 2147483647 exceeds max limit 262144".
  static func most(_ response: HTTPResponse, asked: Int) -> Int? {
    guard response.status == 400 || response.status == 422 else { return nil }
    let text = String(decoding: response.body.prefix(1000), as: UTF8.self)
    guard text.contains("limit") else { return nil }
    let numbers = text.split { !("0"..."9").contains($0) }.compactMap { Int($0) }
    return numbers.filter { $0 > 0 && $0 < asked }.max()
  }
}

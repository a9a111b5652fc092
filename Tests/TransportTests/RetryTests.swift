import Testing

@testable import Transport

@Suite struct RetryTests {
  @Test func classifiesHTTP() {
    let retryable = (100...599).filter { Retryable.isRetryable(httpStatus: $0) }
    #expect(retryable == [429, 502, 503, 504])
  }

  @Test func classifiesGRPC() {
    let always = GRPCStatus.allCases.filter { Retryable.isRetryable(grpcStatus: $0, hasRetryInfo: false) }
    #expect(always == [.cancelled, .deadlineExceeded, .aborted, .outOfRange, .unavailable, .dataLoss])
    let informed = GRPCStatus.allCases.filter { Retryable.isRetryable(grpcStatus: $0, hasRetryInfo: true) }
    #expect(Set(informed).subtracting(always) == [.resourceExhausted])
    #expect(GRPCStatus(code: 99) == .unknown)
  }

  @Test(arguments: [
    ("120", Duration.seconds(120)), ("0", .zero), ("99999999999999999999", .seconds(3600)),
    ("Sun, 06 Nov 1994 08:50:37 GMT", .seconds(60)), ("Sunday, 06-Nov-94 08:50:37 GMT", .seconds(60)),
    ("Sun Nov  6 08:50:37 1994", .seconds(60)), ("Sun, 06 Nov 1994 08:00:00 GMT", .zero),
    ("Fri, 31 Dec 1999 23:59:59 GMT", .seconds(3600)),
  ])
  func readsRetryAfter(_ text: String, expected: Duration) {
    // 1994-11-06T08:49:37Z
    #expect(RetryAfter.parse(text, now: 784_111_777) == expected)
  }

  @Test(arguments: [
    "", "-1", "1.5", "soon", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "1 2 3 4 5",
  ])
  func ignoresNonsense(_ text: String) {
    #expect(RetryAfter.parse(text, now: 0) == nil)
  }

  @Test func knowsLeapYears() {
    #expect(RetryAfter.httpDate("Thu, 29 Feb 2024 00:00:00 GMT") == 1_709_164_800)
    #expect(RetryAfter.httpDate("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
    #expect(RetryAfter.httpDate("Fri, 01 Mar 2024 00:00:00 GMT") == 1_709_251_200)
  }

  @Test func backsOffWithinDoublingBounds() {
    let policy = RetryPolicy(initial: .seconds(1), maximum: .seconds(30), giveUpAfter: nil)
    let bounds = [1, 2, 4, 8, 16, 30, 30]
    for (index, bound) in bounds.enumerated() {
      var largest = Duration.zero
      for _ in 0..<400 {
        guard let delay = policy.delay(afterAttempt: index + 1, elapsed: .zero) else {
          Issue.record("gave up")
          return
        }
        #expect(delay >= .zero && delay <= .seconds(bound))
        largest = max(largest, delay)
      }
      #expect(largest > .seconds(bound) * 0.9)
    }
  }

  @Test func givesUp() {
    let policy = RetryPolicy(giveUpAfter: .seconds(10), maximumAttempts: 3)
    #expect(policy.delay(afterAttempt: 3, elapsed: .zero) == nil)
    #expect(policy.delay(afterAttempt: 1, elapsed: .seconds(11)) == nil)
    #expect(policy.delay(afterAttempt: 1, elapsed: .zero, requested: .seconds(11)) == nil)
    #expect(policy.delay(afterAttempt: 1, elapsed: .zero, requested: .seconds(7)) == .seconds(7))
  }
}

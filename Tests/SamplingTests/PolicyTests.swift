import Sampling
import Testing

@Suite struct PolicyTests {
  @Test func nothing() { #expect(Policy().isEmpty) }
}

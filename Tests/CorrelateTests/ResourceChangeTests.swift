import Testing

@testable import Correlate

@Suite struct ResourceChangeTests {
  private func finding(_ meaning: ResourceChange.Meaning, _ before: [Double], _ now: [Double]) -> PlaceFinding? {
    let samples = (before + now).enumerated().map { ResourceChange.Sample(time: Int64($0.offset), value: $0.element) }
    return ResourceChange.finding(meaning, service: "shop", samples, boundary: Int64(before.count))
  }

  @Test func aBusyProcessorIsNamed() {
    #expect(finding(.processor, [0.1, 0.12, 0.11, 0.1], [0.9, 1])?.text == "shop: processor 0.11 before, 1 now")
    #expect(finding(.processor, [0.1, 0.8, 0.2, 0.7], [0.7, 0.8]) == nil)
  }

  @Test func aRolloutIsAChangeAndNoMishap() {
    let rollout = finding(.change("rollout"), [3, 3, 3], [4, 4])
    #expect(rollout?.text == "shop: rollout")
    #expect(finding(.change("rollout"), [3, 3, 3], [3, 3]) == nil)
    #expect(rollout?.strength ?? 0 < finding(.mishap("restarts"), [3, 3, 3], [4, 4])?.strength ?? 0)
  }
}
